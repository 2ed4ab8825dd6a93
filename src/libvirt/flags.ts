// libvirt's flag bits by name (libvirt/libvirt-domain.h); only those that a caller of ours can choose.

/** virConnectListAllDomainsFlags. */
export const listFlags = {
  active: 1 << 0,
  inactive: 1 << 1,
  persistent: 1 << 2,
  transient: 1 << 3,
  running: 1 << 4,
  paused: 1 << 5,
  shutoff: 1 << 6,
  autostart: 1 << 10,
} as const;
export type ListFilter = keyof typeof listFlags;

/** virDomainStatsTypes. */
export const statsKinds = {
  state: 1 << 0,
  cpuTotal: 1 << 1,
  balloon: 1 << 2,
  vcpu: 1 << 3,
  interface: 1 << 4,
  block: 1 << 5,
  perf: 1 << 6,
  iothread: 1 << 7,
  memory: 1 << 8,
  dirtyrate: 1 << 9,
  vm: 1 << 10,
} as const;
export type StatsKind = keyof typeof statsKinds;

/** virDomainModificationImpact. */
export const affects = { current: 0, live: 1, config: 2, 'live-and-config': 3 } as const;
export type Affects = keyof typeof affects;

/** virDomainShutdownFlagValues. */
export const shutdownModes = { 'hypervisor-choice': 0, acpi: 1 << 0, agent: 1 << 1 } as const;
export type ShutdownMode = keyof typeof shutdownModes;

/** virDomainCreateFlags. `autodestroy`: libvirt ends the domain with the connection that made it; `validate`: against its schema, of XML. */
export const startFlags = { paused: 1 << 0, autodestroy: 1 << 1, forceBoot: 1 << 3, validate: 1 << 4 } as const;
/** virDomainConsoleFlags. `safe`: only where no two can be connected at once; `force` ends the session of another. */
export const consoleFlags = { force: 1 << 0, safe: 1 << 1 } as const;
export const destroyFlags = { graceful: 1 << 0 } as const;
export const xmlFlags = { inactive: 1 << 1 } as const;

/** virDomainUndefineFlagsValues: each names something that makes libvirt refuse to undefine, or stays behind, without it. */
export const undefineFlags = {
  managedSave: 1 << 0, snapshotsMetadata: 1 << 1, nvram: 1 << 2, keepNvram: 1 << 3, checkpointsMetadata: 1 << 4,
} as const;

/** What to remove with a definition; all of it unless set to false. */
export type UndefineOptions = { readonly [Part in keyof typeof undefineFlags]?: boolean };

/** The named bits in one number. */
export function mask<Name extends string>(bits: Readonly<Record<Name, number>>, names: readonly Name[]): number {
  return names.reduce((sum, name) => sum | bits[name], 0);
}
