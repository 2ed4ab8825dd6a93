/** What starting, stopping and restarting change of a VM: pure. */
import { runStrategies } from '../../../crds/realtime-vm.ts';
import type { PowerAction } from '../../commands/live/power.ts';
import type { Vm } from '../named-vms.ts';

/** What spec.runStrategy was before `stop`. */
export const strategyAnnotation = 'rtvm.dev/run-strategy';

export type PowerChange =
  | { readonly kind: 'patch'; readonly message: string; readonly patch: { readonly spec: object; readonly annotations?: Readonly<Record<string, string | null>> } }
  | { readonly kind: 'nothing'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

/** @param now by the server's clock. */
export function changeFor(action: PowerAction, vm: Vm, now: Date): PowerChange {
  const { metadata, spec } = vm;
  if (metadata.deletionTimestamp !== undefined) return { kind: 'refused', message: 'it is being deleted' };
  const halted = spec.runStrategy === 'Halted';
  switch (action) {
    case 'start': {
      if (!halted) return { kind: 'nothing', message: `it is meant to run already (runStrategy ${spec.runStrategy})` };
      const noted = metadata.annotations?.[strategyAnnotation];
      const runStrategy = runStrategies.find((strategy) => strategy === noted && strategy !== 'Halted') ?? 'Always';
      return { kind: 'patch', message: `to be started (runStrategy ${runStrategy})`, patch: { spec: { runStrategy }, ...(noted === undefined ? {} : { annotations: { [strategyAnnotation]: null } }) } };
    }
    case 'stop':
      if (halted) return { kind: 'nothing', message: 'it is halted already' };
      return { kind: 'patch', message: `to be stopped (runStrategy ${spec.runStrategy} noted for "start")`, patch: { spec: { runStrategy: 'Halted' }, annotations: { [strategyAnnotation]: spec.runStrategy } } };
    case 'restart': {
      if (halted) return { kind: 'refused', message: `it is halted; "kubectl rtvm start ${metadata.name} -n ${metadata.namespace}" lets it run` };
      return { kind: 'patch', message: 'to be restarted', patch: { spec: { restartedAt: later(now, spec.restartedAt) } } };
    }
  }
}

/** The controller restarts for a later value only, and the server's clock tells whole seconds. */
function later(now: Date, before: string | undefined): string {
  const afterLast = before === undefined ? 0 : Date.parse(before) + 1000;
  return new Date(Math.max(now.getTime(), afterLast)).toISOString();
}
