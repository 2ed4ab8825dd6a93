/** A table of decisions: one row a case, the first that matches decides. */

/** What holds always; the numbers are those of the protocol's page. `Live`: nothing waits for ever. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'Live';

export interface Row<Situation, Step> {
  /** Kebab-case; what tests, logs and people call it. */
  readonly name: string;
  /** The case, in words. */
  readonly given: string;
  readonly when: (situation: Situation) => boolean;
  /** What is done, in words. */
  readonly does: string;
  readonly step: (situation: Situation) => Step;
  readonly why: string;
  readonly serves: readonly Invariant[];
}

export type Table<Situation, Step> = readonly Row<Situation, Step>[];

export interface Decision<Step> {
  readonly row: string;
  readonly step: Step;
}

/** @throws RangeError where no row matches: the last row of every table matches always. */
export function decide<Situation, Step>(table: Table<Situation, Step>, situation: Situation): Decision<Step> {
  const row = table.find(({ when }) => when(situation));
  if (row === undefined) throw new RangeError(`no row of the table matches ${JSON.stringify(situation)}`);
  return { row: row.name, step: row.step(situation) };
}
