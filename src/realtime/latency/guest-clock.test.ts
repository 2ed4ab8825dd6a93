import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { relateClocks, wrongRate } from './guest-clock.ts';

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
