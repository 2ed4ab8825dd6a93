// Waits for what another process is about to do, by looking.
import { setTimeout as sleep } from 'node:timers/promises';

/** Far above what anything here takes on a busy machine: whoever waits this long has waited for nothing. */
const patienceMs = 60_000;

/**
 * Looks until there is something to see. An error of looking counts as nothing seen.
 * @param what - ends the sentence "waited in vain until …".
 */
export async function until<Seen>(what: string, look: () => Seen | undefined | false | Promise<Seen | undefined | false>): Promise<Seen> {
  const untilMs = Date.now() + patienceMs;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > untilMs) throw new Error(`waited in vain until ${what}`, { cause: last });
    await sleep(50);
  }
}
