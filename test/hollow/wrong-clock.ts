// A wall clock that is wrong by what the environment says, and that whoever has forked this process may set while it runs.
import process from 'node:process';
import type { Clock } from '../../src/runtime/clock.ts';
import { machineClock } from '../../src/runtime/clock.ts';

let errorMs = Number(process.env['CLOCK_ERROR_MS'] ?? 0);

process.on('message', (message) => {
  if (typeof message === 'object' && message !== null && 'clockErrorMs' in message) errorMs = Number(message.clockErrorMs);
});

export const wrongClock: Clock = { ...machineClock, date: () => new Date(Date.now() + errorMs) };
