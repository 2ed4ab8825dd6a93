// The upgrade contract on paper (docs/decisions/0011-upgrade-contract.md): guests of every kind that the API has find
// a place by today's rtvm as by the base release, and see the same machine.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { manifest } from './support/manifests.ts';
import { hardwareOf } from './support/upgrade/hardware.ts';
import { documents, host, shapeNames } from './support/upgrade/shapes.ts';
import { bothVersions } from './support/upgrade/versions.ts';
import type { Versions } from './support/upgrade/versions.ts';

interface Item {
  readonly name: string;
  /** Null: it fits nowhere. */
  readonly xml: string | null;
}

/** Their XML by name of the VM. */
type Rendered = ReadonlyMap<string, string>;

const folder = mkdtempSync(join(tmpdir(), 'rtvm-render-'));
let rendered: Readonly<Record<keyof Versions, Rendered>>;

beforeAll(async () => {
  const versions = await bothVersions(folder);
  writeFileSync(join(folder, 'host.json'), manifest(host));
  writeFileSync(join(folder, 'guests.json'), manifest(...documents));
  rendered = { base: await render(versions.base.bundle), today: await render(versions.today.bundle) };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function render(program: string): Promise<Rendered> {
  const files = ['-f', join(folder, 'guests.json'), '--host', join(folder, 'host.json')];
  const { stdout } = await promisify(execFile)(program, ['render', ...files, '-o', 'json']);
  const { items } = JSON.parse(stdout) as { readonly items: readonly Item[] };
  return new Map(items.flatMap(({ name, xml }) => (xml === null ? [] : [[name, xml]])));
}

it('every kind of guest finds a place', () => {
  expect([...rendered.base.keys()].toSorted()).toEqual(shapeNames.toSorted());
  expect([...rendered.today.keys()].toSorted()).toEqual(shapeNames.toSorted());
});

it.each(shapeNames)('%s sees the same machine', (name) => {
  expect(hardwareOf(rendered.today.get(name)!)).toEqual(hardwareOf(rendered.base.get(name)!));
});

it('a device more, another one and another clock are found; another place is not', () => {
  const xml = rendered.base.get('cells')!;
  const hardware = hardwareOf(xml);
  expect(xml).toMatch(/<vcpupin [^]*<numatune>/);
  const elsewhere = xml.replaceAll(/cpuset='[^']*'/g, "cpuset='63'").replace('<domain ', "<domain id='7' ");
  expect(hardwareOf(elsewhere)).toEqual(hardware);
  expect(hardwareOf(xml.replace('</devices>', "<rng model='virtio'/></devices>"))).not.toEqual(hardware);
  expect(hardwareOf(xml.replace("<memballoon model='none'/>", "<memballoon model='virtio'/>"))).not.toEqual(hardware);
  expect(hardwareOf(xml.replace(/<clock offset='[^']*'/, "<clock offset='localtime'"))).not.toEqual(hardware);
});
