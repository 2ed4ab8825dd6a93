/** What a person has to know who says that a machine is off: nobody else can tell, and all that it ran is started elsewhere. */

/** @param names of the nodes. */
export function howToBeSure(names: readonly string[]): string {
  const [them, is] = names.length === 1 ? [names[0] ?? '', 'is'] : [names.join(', '), 'are'];
  return [
    `Be sure that ${them} ${is} off and stay${names.length === 1 ? 's' : ''} off. That nothing answers is no sign: a machine that is cut off runs its VMs on.`,
    '  - a machine with a management board: it says so itself ("ipmitool chassis power status", Redfish PowerState Off)',
    '  - a machine of a cloud or of another hypervisor: that says stopped or terminated, not unreachable',
    '  - else somebody has pulled its plug, and was there to see it',
    'Where it was not true, VMs run twice, on two machines. That is shown as RunsTwice, and nothing is ended by itself.',
  ].join('\n');
}
