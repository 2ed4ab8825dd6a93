/** Networks and host devices: what the class allows, and names that tell them apart. */
import { unless } from '../checked.ts';
import type { Checked, FieldProblem } from '../problem.ts';
import type { ClassSpec, VmSpec } from '../spec.ts';
import { duplicates } from './duplicates.ts';

/**
 * Codes: `DEVICE_DUPLICATE` (networks and host devices share their names, since a placement names both in one list),
 * `MAC_DUPLICATE`, `NETWORK_NOT_ALLOWED`, `DEVICE_NOT_ALLOWED`, `DEVICE_INLINE`. Which networks are open to VMs without a
 * class only a host says.
 */
export function resolveDevices(vm: VmSpec, vmClass: ClassSpec | undefined): Checked<null> {
  const names = [
    ...vm.networks.map(({ name }, index) => ({ name, path: `spec.networks[${index}].name` })),
    ...vm.hostDevices.map(({ name }, index) => ({ name, path: `spec.hostDevices[${index}].name` })),
  ];
  const macs = vm.networks.flatMap(({ mac }, index) => (mac === undefined ? [] : [{ name: mac.toLowerCase(), path: `spec.networks[${index}].mac` }]));
  return unless([
    ...duplicates(names, 'DEVICE_DUPLICATE', 'network or device'),
    ...duplicates(macs, 'MAC_DUPLICATE', 'network', 'address'),
    ...(vm.className === undefined ? inlineProblems(vm) : []),
    ...(vmClass === undefined ? [] : classProblems(vm, vmClass)),
  ], () => null);
}

function inlineProblems(vm: VmSpec): readonly FieldProblem[] {
  return vm.hostDevices.map((device, index) => ({
    code: 'DEVICE_INLINE',
    path: `spec.hostDevices[${index}].class`,
    value: device.class,
    message: 'is not given to a VM without a className; accepted: a className whose class allows this device class',
  }));
}

function classProblems(vm: VmSpec, { name, allow }: ClassSpec): readonly FieldProblem[] {
  const refusal = (code: string, path: string, value: string, allowed: readonly string[]): FieldProblem => ({
    code,
    path,
    value,
    message: `is not allowed by class ${JSON.stringify(name)}; accepted: ${allowed.length === 0 ? 'none' : allowed.join(', ')}`,
  });
  return [
    ...vm.networks.flatMap(({ network }, index) => (allow.networks.includes(network) ? [] : [refusal('NETWORK_NOT_ALLOWED', `spec.networks[${index}].network`, network, allow.networks)])),
    ...vm.hostDevices.flatMap((device, index) => (allow.deviceClasses.includes(device.class) ? [] : [refusal('DEVICE_NOT_ALLOWED', `spec.hostDevices[${index}].class`, device.class, allow.deviceClasses)])),
  ];
}
