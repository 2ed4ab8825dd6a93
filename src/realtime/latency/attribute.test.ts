/** Traces as kernels write them, and what they say of a late sample. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attribute } from './attribute.ts';
import type { LateSpan, TracedHost } from './attribute.ts';
import { parseTrace } from './trace-lines.ts';

const tid = 4711;
/** A kHz is a tick a millisecond: times below are in ms. */
const span: LateSpan = { tid, from: 1000n, to: 1100n, tscKhz: 1, fifo: true };
const host: TracedHost = { hasFairServer: true, isGuest: false, policyOf: () => undefined };

const line = (at: number, pid: number, event: string, comm = pid === tid ? 'CPU 1/KVM' : 'other') =>
  `${comm.padStart(16)}-${pid}     [001] d..2. ${at}: ${event}`;
/** How threads were called when they came to the CPU. */
const names = new Map([[0, 'swapper/1'], [tid, 'CPU 1/KVM']]);
type Left = readonly [pid: number, prio: number, state: string];
type Came = readonly [pid: number, prio: number, comm: string];

function change(at: number, [prev, prevPrio, state]: Left, [next, nextPrio, comm]: Came): string {
  names.set(next, comm);
  const left = `prev_comm=${names.get(prev) ?? 'x'} prev_pid=${prev} prev_prio=${prevPrio} prev_state=${state}`;
  return line(at, prev, `sched_switch: ${left} ==> next_comm=${comm} next_pid=${next} next_prio=${nextPrio}`);
}

const begin = change(10, [0, 120, 'R'], [tid, 98, 'CPU 1/KVM']);
const why = (lines: readonly string[], spanOf: Partial<LateSpan> = {}, hostOf: Partial<TracedHost> = {}) =>
  attribute({ ...span, ...spanOf }, parseTrace([begin, ...lines].join('\n')), { ...host, ...hostOf }).map(
    ({ cause, what, share }) => [cause, what, Math.round(100 * share)],
  );

describe('a late sample', () => {
  it("is a thread's of higher priority, by name, policy and priority", () => {
    const lines = [
      change(1001, [tid, 98, 'R'], [900, 79, 'irq/24-nvme']),
      change(1099, [900, 79, 'S'], [tid, 98, 'CPU 1/KVM']),
    ];
    expect(why(lines)).toEqual([['thread', 'irq/24-nvme (pid 900, realtime 20)', 98]]);
    expect(why(lines, {}, { policyOf: () => 'FIFO' })).toEqual([['thread', 'irq/24-nvme (pid 900, FIFO 20)', 98]]);
  });

  it('is named as the thread was called when it left the CPU', () => {
    const left = line(1099, 900, 'sched_switch: prev_comm=sh prev_pid=900 prev_prio=49 prev_state=Z ==> '
      + `next_comm=CPU 1/KVM next_pid=${tid} next_prio=98`);
    expect(why([change(1001, [tid, 98, 'R'], [900, 49, 'taskset']), left])).toEqual([
      ['thread', 'sh (pid 900, realtime 50)', 98],
    ]);
  });

  it('is of the fair server, before Linux 6.12 of RT throttling, where an ordinary thread ran before a ready FIFO one', () => {
    const lines = [
      change(1000, [tid, 98, 'R'], [901, 120, 'sh']),
      change(1050, [901, 120, 'R'], [902, 125, 'sh']),
      change(1100, [902, 125, 'R'], [tid, 98, 'CPU 1/KVM']),
    ];
    expect(why(lines)).toEqual([
      ['fair-server', 'the fair server ran sh (pid 901, OTHER, nice 0)', 50],
      ['fair-server', 'the fair server ran sh (pid 902, OTHER, nice 5)', 50],
    ]);
    expect(why(lines, {}, { hasFairServer: false }).map(([cause]) => cause)).toEqual([
      'rt-throttling',
      'rt-throttling',
    ]);
    expect(why(lines, { fifo: false }).map(([cause]) => cause)).toEqual(['thread', 'thread']);
  });

  it('is a stop of the domain, whoever ran meanwhile', () => {
    expect(
      why([change(990, [tid, 98, 'T'], [901, 120, 'sh']), change(1500, [901, 120, 'S'], [tid, 98, 'CPU 1/KVM'])]),
    ).toEqual([['stopped', 'the domain was stopped', 100]]);
    // One that is still stopped when the trace is read.
    expect(why([change(990, [tid, 98, 'T'], [901, 120, 'sh'])])).toEqual([
      ['stopped', 'the domain was stopped', 100],
    ]);
  });

  it("is an interrupt's or a softirq's, what is inside another counted once", () => {
    expect(
      why([
        line(1005, tid, 'irq_handler_entry: irq=24 name=nvme0q1'),
        line(1010, tid, 'local_timer_entry: vector=236'),
        line(1015, tid, 'local_timer_exit: vector=236'),
        line(1060, tid, 'irq_handler_exit: irq=24 ret=handled'),
        line(1061, tid, 'softirq_entry: vec=1 [action=TIMER]'),
        line(1099, tid, 'softirq_exit: vec=1 [action=TIMER]'),
      ]),
    ).toEqual([
      ['irq', 'IRQ 24 nvme0q1', 55],
      ['softirq', 'softirq TIMER', 38],
    ]);
  });

  it("is an NMI's", () => {
    expect(
      why([line(1095, tid, 'nmi_handler: perf_event_nmi_handler() delta_ns: 90000000 handled: 1')], {}, {}).map(
        ([cause, , share]) => [cause, share],
      ),
    ).toEqual([['nmi', 90]]);
  });

  it("is hardware's by exclusion where the thread had its CPU; on a host that is a virtual machine nobody "
    + "knows", () => {
    expect(why([change(1200, [tid, 98, 'S'], [0, 120, 'swapper/1'])])[0]!.slice(0, 1)).toEqual(['hardware']);
    expect(why([change(1200, [tid, 98, 'S'], [0, 120, 'swapper/1'])], {}, { isGuest: true })[0]!.slice(0, 1)).toEqual(
      ['unknown'],
    );
  });

  it('is unknown where less than 80 % is accounted for, where the trace begins later, and where its own thread '
    + 'slept', () => {
    const partly = [
      change(1000, [tid, 98, 'R'], [900, 79, 'x']),
      change(1079, [900, 79, 'S'], [tid, 98, 'CPU 1/KVM']),
    ];
    expect(why(partly)).toEqual([
      ['unknown', 'what was seen accounts for 79% of the time, most of it x (pid 900, realtime 20)', 0],
    ]);
    expect(attribute(span, parseTrace(partly.join('\n')), host)[0]!.share).toBe(0);
    expect(attribute({ ...span, from: 5n }, parseTrace(begin), host)[0]!.what).toBe(
      'the trace does not reach back to it',
    );
    expect(
      why([
        change(1000, [tid, 98, 'S'], [0, 120, 'swapper/1']),
        change(1100, [0, 120, 'R'], [tid, 98, 'CPU 1/KVM']),
      ])[0]!.slice(0, 2),
    ).toEqual(['unknown', 'its own thread slept (state S)']);
  });

  it('never accounts for more time than it took, whatever the trace holds', () => {
    const event = fc.record({
      at: fc.integer({ min: 900, max: 1200 }),
      from: fc.constantFrom(tid, 900, 901, 0),
      to: fc.constantFrom(tid, 900, 901, 0),
      state: fc.constantFrom('R', 'S', 'T', 'R+', 'D'),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const lines = events.map(({ at, from, to, state }) => change(at, [from, 98, state], [to, 98, 'x']));
        const attributions = attribute(span, parseTrace([begin, ...lines].join('\n')), host);
        expect(attributions.length).toBeGreaterThan(0);
        for (const { share } of attributions) expect(share).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('a trace', () => {
  it('is read line by line: names may hold anything, and what is of another form is left out', () => {
    expect(
      parseTrace(
        [
          '# tracer: nop',
          '',
          'CPU:1 [LOST 12 EVENTS]',
          ' evil ==> next_c-17      [003] d..2.   123456789: sched_switch: prev_comm=a prev_pid=1 ==> prev_pid=17 '
            + 'prev_prio=120 prev_state=R+ ==> next_comm=b next_pid=2 next_pid=18 next_prio=-1',
          '       CPU 1/KVM-4711  (   4700) [001] ..... 5: kvm_write_tsc_offset: vcpu=1 prev=0 '
            + 'next=18446744073709551615',
          '          <idle>-0       [001] d.h1. 6.5: local_timer_entry: vector=236',
        ].join('\n'),
      ),
    ).toEqual([
      {
        cpu: 3,
        at: 123456789n,
        pid: 17,
        kind: 'switch',
        prev: { comm: 'a prev_pid=1 ==>', pid: 17, prio: 120, state: 'R+' },
        next: { comm: 'b next_pid=2', pid: 18, prio: -1 },
      },
      { cpu: 1, at: 5n, pid: 4711, kind: 'tsc-offset', offset: 18446744073709551615n },
    ]);
    fc.assert(fc.property(fc.string(), (text) => void parseTrace(text)));
  });
});
