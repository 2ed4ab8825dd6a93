/** What cannot be taken back is asked for once more. */
import { CommandError } from './exit.ts';
import type { Io } from './io.ts';

/**
 * @param question what is about to be done, for a person.
 * @throws CommandError `NOT_CONFIRMED` where the answer is not yes, or where nobody can be asked and `--yes` was not given.
 */
export async function confirm(question: string, yes: boolean, io: Io, signal: AbortSignal): Promise<void> {
  if (yes) return;
  if (!io.readsTerminal) {
    throw new CommandError('NOT_CONFIRMED', 'nothing was changed: there is no terminal to ask at; accepted: --yes, where it is meant');
  }
  const answer = await io.ask(`${question} Type yes to go on: `, signal);
  if (answer.trim().toLowerCase() !== 'yes') throw new CommandError('NOT_CONFIRMED', 'nothing was changed: the answer was not yes');
}
