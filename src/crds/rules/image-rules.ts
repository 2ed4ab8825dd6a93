/** What a RealtimeImage says of itself. */
import { isBlank, isReadable, isShort, tooLongMessage, unreadableMessages } from './cel-mask.ts';
import type { Rule } from './rule.ts';
import { rulesAt, told } from './rule.ts';

const sourceRules: readonly Omit<Rule, 'at'>[] = [
  {
    rule: 'has(self.path) != has(self.url)',
    message: 'has neither or both of path and url; accepted: one of them',
    messageExpression: told('has %s url; accepted: one of them', '(has(self.path) ? "both path and" : "neither path nor")'),
  },
  {
    rule: '!has(self.url) || has(self.path) || has(self.sha256)',
    fieldPath: '.sha256',
    reason: 'FieldValueRequired',
    message: 'is required with url; accepted: the 64 digits that sha256sum prints for the file',
  },
];

const mask = 'self.realtimeMask';

/** Which vCPUs it names only a guest's number of vCPUs can tell. */
const maskRules: readonly Omit<Rule, 'at'>[] = [
  { rule: `!has(${mask}) || ${isShort(mask)}`, fieldPath: '.realtimeMask', message: tooLongMessage },
  { rule: `!has(${mask}) || ${isBlank(mask)} || ${isReadable(mask)}`, fieldPath: '.realtimeMask', ...unreadableMessages(mask) },
];

export const imageRules: readonly Rule[] = [
  ...rulesAt('spec.source', sourceRules),
  ...rulesAt('spec', maskRules),
];
