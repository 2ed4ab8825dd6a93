/** What a domain can ask of the CPU of the host that it will run on. */

export interface DomainHostFacts {
  /** The TSC counts at one rate through all power states, so the guest may trust it as its clock. */
  readonly invariantTsc: boolean;
  /** The CPU itself has the ARCH_CAPABILITIES register. */
  readonly archCapabilities: boolean;
}

/** From the words of a `flags` line in `/proc/cpuinfo`. */
export function hostFactsOfCpuFlags(flags: Iterable<string>): DomainHostFacts {
  const all = new Set(flags);
  return {
    invariantTsc: all.has('constant_tsc') && all.has('nonstop_tsc'),
    archCapabilities: all.has('arch_capabilities'),
  };
}
