/** The seals of one controller's term. @see protocol/facts.ts */
import { formatSeal, parseSeal } from '../protocol/seal.ts';
import type { Random } from '../runtime/random.ts';

export class Seals {
  /** Random: of this controller, for as long as it leads. */
  readonly term: string;
  #round = 0;

  constructor(random: Random) {
    this.term = random.uuid();
  }

  /** One that was never used before. */
  next(): string {
    this.#round += 1;
    return formatSeal({ term: this.term, round: this.#round });
  }

  isMine(seal: string | undefined): boolean {
    return seal !== undefined && parseSeal(seal)?.term === this.term;
  }
}
