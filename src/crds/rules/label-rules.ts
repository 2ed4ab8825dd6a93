/** What a schema cannot say of labels: how their keys look. */
import { longestQualifiedName, qualifiedNamePattern } from '../formats.ts';
import type { Rule } from './rule.ts';
import { literal, told } from './rule.ts';

const isKey = `k.size() <= ${longestQualifiedName} && k.matches(${literal(qualifiedNamePattern.source)})`;

/** Of an object whose field `name` holds labels. */
export function labelKeysRule(name: string): Omit<Rule, 'at'> {
  const labels = `self.${name}`;
  return {
    rule: `!has(${labels}) || ${labels}.all(k, ${isKey})`,
    fieldPath: `.${name}`,
    message: 'has a key that is no label key; accepted: keys such as "example.org/name"',
    messageExpression: told('has the key "%s", which is no label key; accepted: keys such as "example.org/name"', `${labels}.filter(k, !(${isKey}))[0]`),
  };
}
