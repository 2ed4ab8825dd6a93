import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relateClocks, tscOffset, wrongRate } from './guest-clock.ts';

const tscKhz = 2_500_000;

describe("a guest's clock", () => {
  it("is related to the host's within the error that is stated", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 500, noNaN: true }),
        fc.array(fc.double({ min: 0.01, max: 300, noNaN: true }), { minLength: 1, maxLength: 30 }),
        fc.double({ min: 0, max: 40, noNaN: true }),
        (startMs, delays, atMs) => {
          // The guest's TSC is 0 at 1000 ms of the host's; its first line comes startMs later, one each 10 ms; each
          // is read late by its delay.
          const readings = delays
            .map((delay, index) => {
              const guestMs = startMs + 10 * index;
              return { tsc: BigInt(Math.round(guestMs * tscKhz)), hostMs: 1000 + guestMs + delay };
            })
            .sort((one, other) => one.hostMs - other.hostMs);
          const { hostMs, errorMs } = relateClocks(readings, 1000, tscKhz);
          const said = hostMs(BigInt(Math.round((startMs + atMs) * tscKhz)));
          const really = 1000 + startMs + atMs;
          expect(said).toBeGreaterThanOrEqual(really - 0.001);
          expect(said - errorMs).toBeLessThanOrEqual(really + 0.001);
        },
      ),
    );
  });

  it('is wrong where it runs at another rate than it states, and not where lines were late', () => {
    const readings = (rate: number, lateMs: number) =>
      [0, 60_000, 120_000].map((ms) => ({
        tsc: BigInt(Math.round(ms * rate * tscKhz)),
        hostMs: ms + (ms === 120_000 ? lateMs : 0),
      }));
    expect(wrongRate(readings(1, 0), tscKhz)).toBeUndefined();
    expect(wrongRate(readings(1, 4000), tscKhz)).toBeUndefined();
    expect(wrongRate(readings(1.1, 0), tscKhz)).toBeCloseTo(1.1);
    expect(wrongRate([], tscKhz)).toBeUndefined();
  });
});

describe("a guest's TSC", () => {
  const second = BigInt(tscKhz) * 1000n;
  /** The guest was started when the host's TSC was at 1000 s; its window was over a second later, and two more have passed. */
  const host = { startedTsc: 1000n * second, seenTsc: 1003n * second, tscKhz };

  it("is ahead of the host's by the offset that KVM says, or is the host's own", () => {
    const behind = BigInt.asUintN(64, -1000n * second);
    expect(tscOffset(behind, { ...host, from: second / 2n, to: second })).toBe(behind);
    expect(tscOffset(behind, { ...host, from: 1000n * second + 1n, to: 1001n * second })).toBe(0n);
    expect(tscOffset(undefined, { ...host, from: 1000n * second + 1n, to: 1001n * second })).toBe(0n);
  });

  it('is related to nothing where neither can be: scaled, or written by the guest', () => {
    const behind = BigInt.asUintN(64, -1000n * second);
    expect(tscOffset(behind, { ...host, from: 5000n * second, to: 5001n * second })).toBeUndefined();
    expect(tscOffset(undefined, { ...host, from: second / 2n, to: second })).toBeUndefined();
  });

  it('is not guessed at where both could be', () => {
    expect(tscOffset(1n, { ...host, from: 1000n * second + 5n, to: 1001n * second })).toBeUndefined();
  });
});
