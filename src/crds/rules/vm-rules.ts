/** What a RealtimeVM says of itself, beside the shape that it may state. */
import { sizeRule } from './cel-size.ts';
import { labelKeysRule } from './label-rules.ts';
import type { Rule } from './rule.ts';
import { rulesAt, told } from './rule.ts';
import { shapeRules } from './shape-rules.ts';

const specRules: readonly Omit<Rule, 'at'>[] = [
  {
    rule: '!has(self.className) || !(has(self.cpu) || has(self.memory) || has(self.numa))',
    fieldPath: '.className',
    reason: 'FieldValueForbidden',
    message: 'cannot be combined with cpu, memory or numa, since the class fixes all three; accepted: className alone, or cpu and memory without it',
    messageExpression: told('"%s" cannot be combined with cpu, memory or numa, since the class fixes all three; accepted: className alone, or cpu and memory without it', 'self.className'),
  },
  {
    rule: 'has(self.className) || has(self.cpu) || has(self.memory) || has(self.numa)',
    reason: 'FieldValueRequired',
    message: 'states neither className nor cpu and memory; accepted: one of the two',
  },
  ...(['cpu', 'memory'] as const).map((field): Omit<Rule, 'at'> => ({
    rule: `has(self.className) || has(self.${field}) || !(has(self.cpu) || has(self.memory) || has(self.numa))`,
    fieldPath: `.${field}`,
    reason: 'FieldValueRequired',
    message: 'is required in a VM without a className',
  })),
  {
    rule: 'has(self.className) || !has(self.hostDevices) || self.hostDevices.size() == 0',
    fieldPath: '.hostDevices',
    reason: 'FieldValueForbidden',
    message: 'are not given to a VM without a className; accepted: a className whose class allows these device classes',
  },
  {
    rule: '!has(self.networks) || !has(self.hostDevices) || self.networks.all(n, !self.hostDevices.exists(d, d.name == n.name))',
    fieldPath: '.hostDevices',
    message: 'has the name of a network; accepted: a name of its own for each network and device',
    messageExpression: told('"%s" is the name of a network too; accepted: a name of its own for each network and device', 'self.hostDevices.filter(d, self.networks.exists(n, n.name == d.name))[0].name'),
  },
];

const macIsUnique = '(!has(n.mac) || self.exists_one(o, has(o.mac) && o.mac.lowerAscii() == n.mac.lowerAscii()))';

const macRule: Omit<Rule, 'at'> = {
  rule: `self.all(n, ${macIsUnique})`,
  message: 'have one MAC address twice; accepted: an address of its own for each',
  messageExpression: told('have the MAC address %s twice; accepted: an address of its own for each', `self.filter(n, !${macIsUnique})[0].mac`),
};

const diskRule: Omit<Rule, 'at'> = {
  rule: 'has(self.image) != has(self.emptySize)',
  message: 'has neither or both of image and emptySize; accepted: one of them',
  messageExpression: told('disk "%s" has %s emptySize; accepted: one of them', 'self.name', '(has(self.image) ? "both image and" : "neither image nor")'),
};

const firmwareRules: readonly Omit<Rule, 'at'>[] = [
  {
    rule: '!has(self.uuid) || self.uuid.size() != 36 || self.uuid.lowerAscii().replace("-", "").replace(self.uuid.lowerAscii().substring(0, 1), "") != ""',
    fieldPath: '.uuid',
    message: 'has the same digit everywhere, which libvirt refuses; accepted: a UUID as uuidgen prints it',
  },
  {
    // libvirt refuses a domain of the same name and another UUID.
    rule: 'has(self.uuid) == has(oldSelf.uuid) && (!has(self.uuid) || self.uuid == oldSelf.uuid)',
    fieldPath: '.uuid',
    reason: 'FieldValueForbidden',
    message: 'cannot be changed, added or removed, since it is what the machine is known by; accepted: the VM deleted and made anew',
  },
];

export const vmRules: readonly Rule[] = [
  ...rulesAt('spec', [...specRules, labelKeysRule('nodeSelector')]),
  ...rulesAt('spec.networks', [macRule]),
  ...rulesAt('spec.disks[]', [diskRule, sizeRule('emptySize')]),
  ...rulesAt('spec.firmware', firmwareRules),
  ...shapeRules,
];
