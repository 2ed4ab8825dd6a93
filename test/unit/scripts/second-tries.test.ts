// Which tests are tried again where they fail, and that nothing new is.
import { globSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { expect, test } from 'vitest';
import config from '../../../vitest.config.ts';
import allowed from '../../allowed.json' with { type: 'json' };

interface Project {
  readonly name: string;
  readonly include: readonly string[];
  readonly exclude?: readonly string[];
  readonly retry?: number;
}

const repository = join(import.meta.dirname, '../../..');
const integrationTests = globSync('test/integration/**/*.test.ts', { cwd: repository });
// chaos alone is in two: `make test` runs it with the others, `make chaos` by itself.
const { test: { projects: all } } = config as { readonly test: { readonly projects: readonly { readonly test: Project }[] } };
const projects = all.map(({ test: project }) => project).filter(({ name }) => name !== 'chaos');
const matches = (file: string, patterns: readonly string[] = []) => patterns.some((pattern) => matchesGlob(file, pattern));

/** Each with how often a test that fails is tried again. */
function projectsOf(file: string): readonly (readonly [name: string, retry: number])[] {
  return projects
    .filter(({ include, exclude }) => matches(file, include) && !matches(file, exclude))
    .map(({ name, retry = 0 }) => [name, retry]);
}

test('an integration test that is not named in test/allowed.json is run, and tried once', () => {
  expect(projectsOf('test/integration/new.test.ts')).toEqual([['once', 0]]);
  expect(projectsOf('test/integration/new/suite.test.ts')).toEqual([['once', 0]]);
});

test('each integration test is in one project, and those that are tried again are those that are named', () => {
  expect(integrationTests.filter((file) => projectsOf(file).length !== 1)).toEqual([]);
  const triedAgain = integrationTests.filter((file) => projectsOf(file).some(([, retry]) => retry > 0));
  expect(triedAgain.toSorted()).toEqual(allowed.secondTries.files.toSorted());
  // When it was made. A new test waits for what it wants to see, and needs no second try.
  expect(allowed.secondTries.files.length).toBeLessThanOrEqual(35);
});

test('what must never happen, not even once, is tried once', () => {
  const safety = ['absence', 'chaos', 'faults-two-at-once', 'hostile-strings', 'kill', 'kube-leader', 'restart', 'while-away'];
  expect(safety.map((name) => projectsOf(`test/integration/${name}.test.ts`))).toEqual(safety.map(() => [['once', 0]]));
});
