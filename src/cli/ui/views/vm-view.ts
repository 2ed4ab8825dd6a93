/** One RealtimeVM as the page lists it: pure. */
import type { Stored } from '../../../store/resource.ts';
import type { Truth, VmView } from '../wire.ts';

/** In the list; the whole message is among the details. */
const longestMessage = 300;

export function vmView({ metadata, status }: Stored<'RealtimeVM'>): VmView {
  const { namespace, name, deletionTimestamp } = metadata;
  const condition = (type: string) => status?.conditions?.find((each) => each.type === type);
  const truth = (type: string): Truth | undefined => condition(type)?.status;
  const ready = condition('Ready');
  const verified = truth('RealtimeVerified');
  const why = ready === undefined || ready.status === 'True' ? undefined : ready;
  const severity = (wanted: string) => (status?.findings ?? []).filter((finding) => finding.severity === wanted).length;
  return {
    key: `${namespace}/${name}`,
    phase: status?.phase ?? 'Pending',
    ...(ready === undefined ? {} : { ready: ready.status }),
    ...(verified === undefined ? {} : { verified }),
    ...(status?.placement === undefined ? {} : { node: status.placement.nodeName }),
    ...(status?.cpus === undefined || status.cpus === '' ? {} : { cpus: status.cpus }),
    ...(deletionTimestamp === undefined ? {} : { deleting: true as const }),
    ...(why === undefined ? {} : { reason: why.reason, message: shortened(why.message) }),
    errors: severity('error'),
    warnings: severity('warning'),
  };
}

function shortened(text: string): string {
  return text.length <= longestMessage ? text : `${text.slice(0, longestMessage - 1)}…`;
}
