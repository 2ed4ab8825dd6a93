import { openStore } from './directory/testing/temporary.ts';
import { storeContract } from './testing/contract.ts';

storeContract('a directory', async () => {
  const { directory, store } = await openStore();
  const { store: other } = await openStore(directory);
  return { store, other };
});
