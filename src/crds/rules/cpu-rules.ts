/** What may stand beside what in `cpu`, whether a class or a VM states it. Rules 1.1 to 2.5. */
import type { Rule } from './rule.ts';
import { told } from './rule.ts';
import { isBlank, isReadable, isShort, leavesOneOut, leavesSome, namesOwnVcpus, tooLongMessage, unreadableMessages } from './cel-mask.ts';

type CpuRule = Omit<Rule, 'at'>;

const shared = '(!has(self.policy) || self.policy == "Shared")';
const mixed = '(has(self.policy) && self.policy == "Mixed")';
/** QEMU's own threads need none of the vCPUs' pCPUs. */
const offVcpus = '(has(self.emulatorThreads) && self.emulatorThreads in ["Isolate", "Share"])';
const dedicatedOrMixed = 'accepted: policy Dedicated or Mixed';

const policyRules: readonly CpuRule[] = [
  {
    rule: `!has(self.realtime) || !${shared}`,
    fieldPath: '.policy',
    message: `realtime vCPUs need pCPUs of their own, which Shared (the default) does not give; ${dedicatedOrMixed}`,
  },
  {
    rule: `!has(self.threadPolicy) || !${shared}`,
    fieldPath: '.threadPolicy',
    reason: 'FieldValueForbidden',
    message: `has no meaning for vCPUs that float (policy Shared, the default); ${dedicatedOrMixed}, or no threadPolicy`,
  },
  {
    rule: `!has(self.emulatorThreads) || self.emulatorThreads != "Isolate" || !${shared}`,
    fieldPath: '.emulatorThreads',
    message: `Isolate cannot be given with policy Shared (the default); ${dedicatedOrMixed}, or emulatorThreads Housekeeping or Share`,
  },
  {
    rule: `!has(self.coreSharing) || self.coreSharing != "Forbid" || !${shared}`,
    fieldPath: '.coreSharing',
    message: `Forbid cannot be kept with policy Shared (the default), whose vCPUs float over cores that all VMs share; ${dedicatedOrMixed}, or coreSharing Allow`,
  },
];

const topologyRule: CpuRule = {
  rule: '!has(self.topology) || self.topology.sockets * self.topology.cores * self.topology.threads == self.vcpus',
  fieldPath: '.topology',
  message: 'does not make the number of vCPUs; accepted: sockets × cores × threads equal to vcpus',
  messageExpression: told('makes %d × %d × %d = %d vCPUs, not %d; accepted: sockets × cores × threads equal to vcpus', 'self.topology.sockets', 'self.topology.cores', 'self.topology.threads', 'self.topology.sockets * self.topology.cores * self.topology.threads', 'self.vcpus'),
};

const realtimeMask = 'self.realtime.mask';
const noMask = `(!has(${realtimeMask}) || ${isBlank(realtimeMask)})`;
const dedicatedMask = 'self.dedicatedMask';

/** What holds of any mask that counts, each told once. */
function maskRules(mask: string, fieldPath: string, counts: string, nothingLeftIsTold: string): readonly CpuRule[] {
  return [
    { rule: `!(${counts}) || ${isShort(mask)}`, fieldPath, message: tooLongMessage },
    { rule: `!(${counts}) || ${isReadable(mask)}`, fieldPath, ...unreadableMessages(mask) },
    {
      rule: `!(${counts}) || ${namesOwnVcpus(mask, 'self.vcpus')}`,
      fieldPath,
      message: 'names vCPUs that the guest does not have; accepted: vCPUs below the number in vcpus',
      messageExpression: told('"%s" names vCPUs that the guest does not have; accepted: vCPUs 0-%d', mask, 'self.vcpus - 1'),
    },
    {
      rule: `!(${counts}) || ${nothingLeftIsTold} || ${leavesSome(mask, 'self.vcpus')}`,
      fieldPath,
      message: 'leaves no vCPU; accepted: a mask that leaves at least one of the vCPUs',
      messageExpression: told('"%s" leaves no vCPU; accepted: a mask that leaves at least one of vCPUs 0-%d', mask, 'self.vcpus - 1'),
    },
  ];
}

const realtimeMaskRules: readonly CpuRule[] = [
  ...maskRules(realtimeMask, '.realtime.mask', `has(self.realtime) && !${noMask}`, `self.vcpus == 1 && !${offVcpus}`),
  {
    rule: `!has(self.realtime) || ${offVcpus} || self.vcpus > 1`,
    fieldPath: '.realtime.mask',
    message: 'leaves nothing for housekeeping: the guest has one vCPU; accepted: 2 or more vcpus, or emulatorThreads Isolate or Share',
  },
  {
    rule: `!has(self.realtime) || ${offVcpus} || self.vcpus == 1 || ${noMask} || ${leavesOneOut(realtimeMask, 'self.vcpus')}`,
    fieldPath: '.realtime.mask',
    message: 'names all vCPUs, so that none is left for housekeeping; accepted: a mask that leaves one out (such as "^0"), or emulatorThreads Isolate or Share',
    messageExpression: told('"%s" names all of vCPUs 0-%d, so that none is left for housekeeping; accepted: a mask that leaves one out (such as "^0"), or emulatorThreads Isolate or Share', realtimeMask, 'self.vcpus - 1'),
  },
  {
    rule: `!has(self.realtime) || !${mixed} || !${offVcpus} || !${noMask} && (${leavesOneOut(realtimeMask, 'self.vcpus')})`,
    fieldPath: '.realtime.mask',
    message: 'makes every vCPU dedicated (as an absent mask does with emulatorThreads Isolate or Share), though policy Mixed needs one that floats; accepted: a mask that leaves one out (such as "^0"), or policy Dedicated',
  },
];

const dedicatedMaskRules: readonly CpuRule[] = [
  {
    rule: `!has(${dedicatedMask}) || !has(self.realtime)`,
    fieldPath: '.dedicatedMask',
    reason: 'FieldValueForbidden',
    message: 'cannot be combined with realtime, whose mask then names the dedicated vCPUs; accepted: realtime.mask alone',
  },
  {
    rule: `!has(${dedicatedMask}) || has(self.realtime) || ${mixed}`,
    fieldPath: '.dedicatedMask',
    reason: 'FieldValueForbidden',
    message: 'needs policy Mixed; accepted: policy Mixed, or no dedicatedMask',
    messageExpression: told('needs policy Mixed, found %s; accepted: policy Mixed, or no dedicatedMask', '(has(self.policy) ? self.policy : "the default Shared")'),
  },
  {
    rule: `!${mixed} || has(self.realtime) || has(${dedicatedMask}) && !(${isBlank(dedicatedMask)})`,
    fieldPath: '.dedicatedMask',
    reason: 'FieldValueRequired',
    message: 'is required with policy Mixed, to say which vCPUs are dedicated; accepted: a mask such as "^0", or realtime, whose mask then says it',
  },
  ...maskRules(dedicatedMask, '.dedicatedMask', `has(${dedicatedMask}) && ${mixed} && !has(self.realtime) && !(${isBlank(dedicatedMask)})`, 'false'),
  {
    rule: `!has(${dedicatedMask}) || !${mixed} || has(self.realtime) || ${isBlank(dedicatedMask)} || ${leavesOneOut(dedicatedMask, 'self.vcpus')}`,
    fieldPath: '.dedicatedMask',
    message: 'makes every vCPU dedicated, though policy Mixed needs one that floats; accepted: a mask that leaves one out (such as "^0"), or policy Dedicated',
    messageExpression: told('"%s" makes every vCPU dedicated, though policy Mixed needs one that floats; accepted: a mask that leaves one out (such as "^0"), or policy Dedicated', dedicatedMask),
  },
];

export const cpuRules: readonly CpuRule[] = [...policyRules, topologyRule, ...realtimeMaskRules, ...dedicatedMaskRules];
