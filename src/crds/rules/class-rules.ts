/** What a RealtimeVMClass says of itself, and that it never changes. */
import { labelKeysRule } from './label-rules.ts';
import type { Rule } from './rule.ts';
import { rulesAt } from './rule.ts';
import { shapeRules } from './shape-rules.ts';

export const classRules: readonly Rule[] = [
  ...rulesAt('spec', [{
    rule: 'self == oldSelf',
    reason: 'FieldValueForbidden',
    message: 'cannot be changed, since VMs were placed by it; accepted: a new class of another name, and the VMs\' className set to it',
  }, labelKeysRule('nodeSelector')]),
  ...rulesAt('spec.allowedNamespaces', [labelKeysRule('matchLabels')]),
  ...shapeRules,
];
