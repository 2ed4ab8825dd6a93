/** A process that counts up in a shared store: `increment.ts DIRECTORY TIMES`. */
import { modify } from '../../modify.ts';
import { DirectoryStore } from '../directory-store.ts';

const [directory, times] = process.argv.slice(2) as [string, string];
const store = await DirectoryStore.open({ directory });
for (let count = 0; count < Number(times); count += 1) {
  await modify(store, 'RealtimeNode', { name: 'counter' }, (object) => ({ ...object, status: { latency: { maxMicroseconds: (object.status?.latency?.maxMicroseconds ?? 0) + 1 } } }), { write: 'updateStatus' });
}
await store.close();
