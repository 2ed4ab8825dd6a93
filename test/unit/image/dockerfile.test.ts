// What a Dockerfile can get wrong, and can be seen without building it.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const repository = join(import.meta.dirname, '../../..');
const read = (name: string) => readFileSync(join(repository, name), 'utf8');
const dockerfile = read('Dockerfile').replaceAll(/^#.*\n/gm, '').replaceAll('\\\n', ' ');
const instructions = dockerfile.split('\n').filter((line) => line.trim() !== '').map((line) => ({ name: line.split(' ')[0]!, rest: line.split(/\s+/).slice(1) }));
const stages = instructions.filter(({ name }) => name === 'FROM').length;
const final = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const manifest = JSON.parse(read('package.json')) as { readonly version: string; readonly devDependencies: Readonly<Record<string, string>> };

describe('the Dockerfile', () => {
  test('copies what is there and what .dockerignore lets through', () => {
    const sources = instructions.filter(({ name, rest }) => name === 'COPY' && !rest[0]!.startsWith('--from')).flatMap(({ rest }) => rest.slice(0, -1));
    expect(sources).toContain('src');
    const allowed = read('.dockerignore').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    for (const source of sources) {
      expect(existsSync(join(repository, source)), source).toBe(true);
      expect(allowed, source).toContain(source);
    }
  });

  test('has the versions of package.json', () => {
    expect(dockerfile).toContain(`ARG NODE_IMAGE=docker.io/library/node:${manifest.devDependencies['node']}-`);
    expect(dockerfile).toContain(`ARG VERSION=${manifest.version}\n`);
  });

  test('ends as a user without rights, with the program as entry point, and without what built it', () => {
    expect(stages).toBe(3);
    expect(final.filter(({ name }) => name === 'USER').map(({ rest }) => rest)).toEqual([['65532:65532']]);
    expect(final.find(({ name }) => name === 'ENTRYPOINT')?.rest).toEqual(['["/usr/local/bin/rtvm"]']);
    expect(final.filter(({ name }) => name === 'COPY').map(({ rest }) => rest.join(' '))).toEqual(['--from=node /usr/local/bin/node /usr/local/bin/node', '--from=bundle /bundle/ /rtvm/', 'LICENSE /rtvm/']);
    expect(instructions.some(({ name }) => name === 'ADD')).toBe(false);
    expect(dockerfile).not.toMatch(/:latest\b|curl |wget |sudo /);
    expect(dockerfile).toMatch(/apt-get install [^&]*--no-install-recommends [^&]*&& rm -rf \/var\/lib\/apt\/lists\/\*/);
  });

  test('brings every program that the agent runs', () => {
    const from: Readonly<Record<string, string>> = { prlimit: 'util-linux', chrt: 'util-linux', taskset: 'util-linux', 'qemu-img': 'qemu-utils' };
    const sources = globSync('src/node-agent/**/*.ts', { cwd: repository }).filter((file) => !file.endsWith('.test.ts')).map(read).join('\n');
    // `prlimit … -- qemu-img …` is the one that runs another.
    const programs = [...sources.matchAll(/\brun(?:Tool)?\('([^']+)'/g), ...sources.matchAll(/'--', '([^']+)', \.\.\.args/g)].map((match) => match[1]!);
    expect([...new Set(programs)].toSorted()).toEqual(Object.keys(from).toSorted());
    const installed = /apt-get install [^&]*?((?: [a-z0-9-]+)+)\s+&& rm/.exec(dockerfile)![1]!.trim().split(' ');
    // Essential in Debian, so that every base has it.
    expect([...installed, 'util-linux'].toSorted()).toEqual([...new Set(Object.values(from))].toSorted());
  });
});
