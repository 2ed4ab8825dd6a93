/** `rtvm latency`: how late a VM's vCPUs run on this host, measured from inside. */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Setting } from '../../realtime/latency/setting.ts';
import type { Io } from '../io.ts';
import { addStateOptions } from './node-options.ts';
import type { StateOptions } from './node-options.ts';
import { outputOption } from './options.ts';

export interface LatencyOptions extends StateOptions {
  readonly file?: string[];
  readonly class?: string;
  readonly vm?: string;
  readonly duration?: number;
  readonly sampler: 'spin' | 'timer';
  readonly interval: number;
  readonly idle: 'halt' | 'poll';
  readonly limit?: number;
  readonly compare?: Setting[] | true;
  readonly turns?: number;
  readonly load: 'none' | 'cpu' | 'irq' | 'memory' | 'disk';
  readonly why?: number | true;
  readonly output: 'table' | 'json';
  readonly html?: string;
  readonly dedicated?: string;
  readonly shared?: string;
  readonly besideRunning?: boolean;
  readonly disturb?: boolean;
  readonly virtType: 'kvm' | 'qemu';
  readonly lockFile: string;
}

export interface ImportOptions {
  readonly report: string;
  readonly title?: string;
  readonly where: 'guest' | 'host';
  readonly output: 'table' | 'json';
  readonly html?: string;
}

/** A week: beyond it nobody waits, and the guest's own limit of time ends. */
const longestSeconds = 7 * 86_400;

export function register(program: Command, io: Io): void {
  const latency = program
    .command('latency')
    .summary('measure how late the vCPUs of a VM run on this host')
    .description(
      "Measures, from inside a guest, how late its vCPUs run: a probe takes the place of the VM, with the VM's "
        + "own CPUs, memory and priority, for as long as asked, and is gone at the end. " +
        'While it measures it holds its CPUs: no VM is started on them. By default it measures only where no '
          + 'realtime VM runs.',
    )
    .addOption(
      new Option(
        '-f, --file <path...>',
        'manifests with the RealtimeVM to stand in for: files, directories, or - for standard input',
      ),
    )
    .addOption(new Option('--vm <name>', 'which of the VMs of the files, where there are several'))
    .addOption(new Option('--class <name>', 'measure for a RealtimeVMClass of the files instead of a VM'))
    .addOption(
      new Option(
        '--duration <time>',
        'to measure for, such as 30s, 10m or 12h; of each turn with --compare (default: 1m, and 5s a turn)',
      ).argParser(duration),
    )
    .addOption(
      new Option(
        '--sampler <kind>',
        'spin: time between two reads of the clock, as oslat; timer: from when a timer was due, as cyclictest',
      )
        .choices(['spin', 'timer'])
        .default('spin'),
    )
    .addOption(
      new Option('--interval <us>', 'microseconds between two wake-ups of the timer')
        .argParser(whole(10, 500_000))
        .default(1000),
    )
    .addOption(
      new Option('--idle <how>', 'how the guest waits for its timer: halted, or spinning')
        .choices(['halt', 'poll'])
        .default('halt'),
    )
    .addOption(
      new Option('--limit <us>', 'exit with 1 where any sample is later than this many microseconds').argParser(
        whole(1, 10_000_000),
      ),
    )
    .addOption(
      new Option(
        '--compare [settings...]',
        'measure settings by turns on the same CPUs and print their ratios (default: all four)',
      ).choices(['floating', 'pinned', 'pinned-fifo', 'realtime']),
    )
    .addOption(
      new Option('--turns <number>', 'of each setting with --compare')
        .argParser(whole(1, 1000))
        .default(undefined, '10'),
    )
    .addOption(
      new Option('--load <kind>', "work on the guest's own CPUs beside it; but for cpu it takes stress-ng")
        .choices(['none', 'cpu', 'irq', 'memory', 'disk'])
        .default('none'),
    )
    .addOption(
      new Option(
        '--why [us]',
        "say what kept the vCPU from running for more than this many microseconds (default: 50), by the kernel's "
          + "trace",
      ).argParser(whole(1, 10_000_000)),
    )
    .addOption(outputOption(['table', 'json']))
    .addOption(new Option('--html <file>', 'write a report that stands by itself, for a browser or the printer'))
    .addOption(
      new Option(
        '--dedicated <cpus>',
        'pCPUs that guests may have to themselves (default: those of a RealtimeNode among the files, or the '
          + 'isolated CPUs)',
      ),
    )
    .addOption(
      new Option(
        '--shared <cpus>',
        'pCPUs that guests share (default: those of a RealtimeNode among the files, or the other CPUs)',
      ),
    )
    .addOption(new Option('--beside-running', 'measure although a realtime VM runs on this host'))
    .addOption(new Option('--disturb', 'use CPUs that share a core with those of others, which slows these'))
    .addOption(
      new Option('--virt-type <type>', 'kvm; or qemu, emulation, whose figures say nothing of this host')
        .env('RTVM_VIRT_TYPE')
        .choices(['kvm', 'qemu'])
        .default('kvm'),
    )
    .addOption(
      new Option('--lock-file <path>', "rtvm's lock of this host; a measurement has its own beside it")
        .env('RTVM_LOCK_FILE')
        .default('/run/rtvm/agent.lock'),
    );
  addStateOptions(latency)
    .addHelpText(
      'after',
      '\nExamples:\n  rtvm latency -f vm.yaml --duration 12h --limit 100 --html report.html\n  rtvm latency -f '
        + 'vm.yaml --compare --load cpu\n\nExits with 1 when nothing could be measured, or a sample was later '
        + 'than --limit.',
    )
    .action(async (options: LatencyOptions) => {
      const { latency: run } = await import('../latency/latency.ts');
      io.exitCode = await run(options, io);
    });
  latency
    .command('import')
    .summary('add figures that cyclictest or rtla took to a report')
    .description(
      'Adds what cyclictest (--json) or rtla (hist, --json or text) has measured, inside the VM or on the host, '
        + 'to a report of "rtvm latency -o json", so that host, vCPU and guest stand side by side.',
    )
    .argument('<file>', 'what cyclictest or rtla wrote, or - for standard input')
    .requiredOption('--report <file>', 'the report to add to, as "rtvm latency -o json" printed it')
    .addOption(new Option('--where <place>', 'where it was taken').choices(['guest', 'host']).default('guest'))
    .addOption(new Option('--title <text>', "what was measured, in a few words (default: the tool's command line)"))
    .addOption(outputOption(['json', 'table']))
    .addOption(new Option('--html <file>', 'write the report with it, for a browser or the printer'))
    .addHelpText(
      'after',
      '\nExample:\n  rtvm latency import cyclictest.json --report host.json --html report.html > both.json',
    )
    .action(async (file: string, options: ImportOptions) => {
      const { importFigures } = await import('../latency/import.ts');
      // To commander, what both commands have is the outer one's, wherever it stands.
      const { output, html = options.html } = latency.opts<LatencyOptions>();
      const chosen = latency.getOptionValueSource('output') === 'cli' ? output : options.output;
      io.exitCode = await importFigures(file, { ...options, output: chosen, ...(html === undefined ? {} : { html }) }, io);
    });
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

function duration(text: string): number {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const seconds = Number(match?.[1]) * (unitSeconds[match?.[2] ?? ''] ?? NaN);
  if (seconds >= 1 && seconds <= longestSeconds) return seconds;
  throw new InvalidArgumentError('Accepted: 1s to 7d, as a number and s, m, h or d.');
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,12}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Accepted: ${least} to ${most}.`);
  };
}
