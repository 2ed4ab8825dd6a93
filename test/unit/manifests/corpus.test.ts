import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { rulesOf } from '../../../src/crds/rules/rules-of.ts';
import type { Rule } from '../../../src/crds/rules/rule.ts';
import { badManifests } from '../../corpus/bad-manifests.ts';
import type { RandomDocument } from '../../integration/agreement/documents.ts';
import { ownVerdict } from '../../integration/agreement/own-verdict.ts';

const corpus = badManifests();

describe('what the API server refuses, our own checks refuse', () => {
  test.each(corpus.filter(({ server }) => server.length > 0))('$file', ({ text }) => {
    expect(ownVerdict(load(text) as RandomDocument)).not.toEqual([]);
  });
});

/** A line that the rule makes, whatever the values in it. */
function lineOf({ message, messageExpression }: Rule): RegExp {
  const [, template] = /^("(?:[^"\\]|\\.)*")\.format\(/.exec(messageExpression ?? '') ?? [];
  const text = template === undefined ? message : (JSON.parse(template) as string);
  return new RegExp(`${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/%[sd]/g, '.*')}$`);
}

test('every rule has a manifest that breaks it', () => {
  const told = corpus.flatMap(({ server }) => server);
  // What may not change no single manifest can break.
  const rules = Object.values(rulesOf).flat().filter(({ rule }) => !rule.includes('oldSelf'));
  expect(rules.filter((rule) => !told.some((line) => lineOf(rule).test(line))).map(({ at, message }) => `${at}: ${message}`)).toEqual([]);
});
