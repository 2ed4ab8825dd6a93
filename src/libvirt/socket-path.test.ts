import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { findSocketPath } from './socket-path.ts';

const dir = mkdtempSync(join(tmpdir(), 'socket-path-'));
const [modular, monolithic] = [join(dir, 'virtqemud-sock'), join(dir, 'libvirt-sock')];
afterAll(() => rmSync(dir, { recursive: true }));

it('prefers the named socket, then the modular daemon, then the monolithic one', () => {
  expect(findSocketPath(undefined, [modular, monolithic])).toBe(monolithic);
  writeFileSync(monolithic, '');
  expect(findSocketPath(undefined, [modular, monolithic])).toBe(monolithic);
  writeFileSync(modular, '');
  expect(findSocketPath(undefined, [modular, monolithic])).toBe(modular);
  expect(findSocketPath('/elsewhere', [modular, monolithic])).toBe('/elsewhere');
});
