/** What a nightly run consists of: what does not fit into the minutes of `make test`. A new step is one more entry. */

export interface NightlyStep {
  /** As NIGHTLY_STEPS names it. */
  readonly name: string;
  /** For the summary: what it shows, in a sentence without its full stop. */
  readonly what: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** After this many minutes it is ended, and has failed: the others have the rest of the night. */
  readonly limitMinutes: number;
  /** Lines of its output that are its result, for the summary. */
  readonly keeps: RegExp;
}

interface Chaos {
  readonly seed: number;
  readonly kills: number;
  readonly rollbacks: number;
  readonly limitMinutes: number;
}

/** @param night chooses the seeds: another story each night, and the same one again for who gives its date. */
export function nightlySteps(night: Date): readonly NightlyStep[] {
  const seed = Number(night.toISOString().slice(0, 10).replaceAll('-', ''));
  return [
    chaos('chaos', { seed, kills: 600, rollbacks: 8, limitMinutes: 20 }),
    chaos('chaos-other-seed', { seed: seed + 1, kills: 250, rollbacks: 4, limitMinutes: 15 }),
    {
      name: 'exploration', what: 'every state of small worlds and of larger ones, by the tables of the protocol',
      command: tests('exploration'), env: { RTVM_EXPLORE: 'all', NODE_OPTIONS: '--max-old-space-size=3500' },
      limitMinutes: 60, keeps: / states, /,
    },
    {
      name: 'simulation', what: 'a million events on a virtual clock, drawn from seeds of the night and judged',
      command: ['node', 'test/simulation/many.ts'], env: { SEED: String((seed % 100_000) * 10_000), EVENTS: '1000000' },
      limitMinutes: 180, keeps: /^simulation: |^  (I\d|liveness)|^MIX=/,
    },
    {
      name: 'bench', what: 'every bench: placement, start, calls to libvirt, readings of /proc, cost of a start',
      command: ['scripts/bench'], limitMinutes: 30, keeps: /^(?!\s*$)/,
    },
    loaded('loaded', 'integration'),
    loaded('loaded-once', 'once'),
  ];
}

function chaos(name: string, { seed, kills, rollbacks, limitMinutes }: Chaos): NightlyStep {
  return {
    name, limitMinutes, command: tests('chaos'), keeps: /^chaos \(seed /,
    what: `controllers, agents and an API server killed up to ${kills} times, its data put back ${rollbacks} times`,
    env: { CHAOS_SEED: String(seed), CHAOS_KILLS: String(kills), CHAOS_ROLLBACKS: String(rollbacks) },
  };
}

/** No verdict may depend on how fast the machine is. */
function loaded(name: string, project: string): NightlyStep {
  return {
    name, what: `the tests of project ${project} beside a busy loop on each CPU`,
    command: ['scripts/beside-load', ...tests(project)], limitMinutes: 90, keeps: /^chaos \(seed /,
  };
}

function tests(project: string): readonly [string, ...string[]] {
  return ['vitest', 'run', '--project', project, '--reporter', 'default', '--reporter', './scripts/report-tests.ts'];
}
