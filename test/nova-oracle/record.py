"""Ask Nova's own code for its verdicts over random hosts and requests, and write them down, one case a line.

    /usr/bin/python3 test/nova-oracle/record.py > test/nova-oracle/verdicts.jsonl

Seeded: the same cases every time. Hosts have one or two NUMA nodes, since Nova's cache of fits is wrong on more.
"""
import json
import logging
import random
import sys

from nova import exception, objects
from nova.virt import hardware

CASES = 4000
SEED = 20261122
GIB = 1024


def cpu_list(cpus):
    """The kernel's list notation."""
    parts, run = [], []
    for cpu in sorted(cpus):
        if run and cpu == run[-1] + 1:
            run.append(cpu)
            continue
        if run:
            parts.append(run)
        run = [cpu]
    if run:
        parts.append(run)
    return ",".join(str(p[0]) if len(p) == 1 else "%d-%d" % (p[0], p[-1]) for p in parts)


def random_host(rng, legacy):
    threads = rng.choice([1, 2, 2, 4])
    node_count = rng.choice([1, 2, 2])
    core_counts = [rng.randint(1, 16 // threads) for _ in range(node_count)]
    striped = rng.random() < 0.5
    total_cores = sum(core_counts)
    nodes, cores, first = [], [], 0
    for count in core_counts:
        cpus = set()
        for core in range(first, first + count):
            siblings = {core + total_cores * t if striped else core * threads + t for t in range(threads)}
            cores.append(siblings)
            cpus |= siblings
        nodes.append(cpus)
        first += count
    few = rng.random() < 0.15
    share = 0 if legacy or rng.random() < 0.25 else rng.choice([0.15, 0.3])
    by_core = rng.random() < 0.5
    shared = set()
    for core in cores:
        whole = rng.random() < share
        shared |= {cpu for cpu in core if (whole if by_core else rng.random() < share)}
    busy = rng.choice([0, 0, 0.1, 0.3])
    taken = set()
    for core in cores:
        whole = rng.random() < busy
        taken |= {cpu for cpu in core - shared if (whole if by_core else rng.random() < busy)}
    reserved = rng.choice([0, 0, 64])
    described = []
    for cpus in nodes:
        huge2 = 0 if few else rng.choice([0, 1024, 2048, 4096])
        huge1 = 0 if few else rng.choice([0, 1, 4, 6])
        # Small pages are counted in whole GiB, total and used; huge ones in pages, total, used and reserved.
        small = rng.randint(1, 10)
        node = {"cpus": cpu_list(cpus), "smallGiB": [small, rng.choice([0, 0, rng.randint(0, small)])]}
        if huge2:
            node["2Mi"] = [huge2, rng.choice([0, huge2 // 4, huge2 // 2]), reserved]
        if huge1:
            node["1Gi"] = [huge1, rng.randint(0, huge1) if rng.random() < 0.3 else 0, 0]
        described.append(node)
    host = {"cores": [cpu_list(core) for core in cores], "nodes": described}
    if legacy:
        host["legacy"] = True
    if shared:
        host["shared"] = cpu_list(shared)
    if taken:
        host["taken"] = cpu_list(taken)
    return host


MASKS = ["^0", "^0-1", "^1", "0", "1", "1-2", "1-3", "0-2,^0", "2-7,^3", "^0,2", "^0-1,0", "2,^9", " ^1 ", " 1 - 2 ", "0-9", "^0-9", "4-5", "a",
         "1-", "-3,5", "3-1", "1-2-3", "^^5", "^2^", "5a", "1,,2", "  ", "", "^0,7", "0-1,1-2", "^ 0"]


def random_request(rng, legacy):
    vcpus = rng.choice([1, 2, 2, 3, 4, 4, 5, 6, 8])
    policy = rng.choice(["dedicated", "dedicated", "dedicated", "mixed", "shared", None]) if not legacy else "dedicated"
    if policy is None and rng.random() < 0.5:
        policy = "dedicated"
    request = {"vcpus": vcpus, "policy": policy}
    pinned = policy in ("dedicated", "mixed")
    if pinned and rng.random() < 0.6 or rng.random() < 0.03:
        request["thread"] = rng.choice(["prefer", "require", "isolate"])
    if pinned and rng.random() < 0.5 or rng.random() < 0.05:
        request["emulator"] = rng.choice(["isolate", "isolate", "share"])
    elif legacy:
        request["thread"] = "isolate"
    usual = ["^0", "^0-1", "1-3", "^1"]
    if pinned and rng.random() < 0.5 or rng.random() < 0.05:
        request["realtime"] = True
        if rng.random() < 0.85:
            request["mask"] = rng.choice(usual if rng.random() < 0.75 else MASKS)
    if "realtime" in request and rng.random() < 0.15 or rng.random() < 0.03:
        request["imageMask"] = rng.choice(usual if rng.random() < 0.75 else MASKS)
    if policy == "mixed" and "realtime" not in request or rng.random() < 0.02:
        request["dedicatedMask"] = rng.choice(usual + ["0", "0-1"] if rng.random() < 0.9 else MASKS)
    page = rng.choice(["small", "large", "any", "2MB", "1GB", None])
    if page is not None:
        request["page"] = page
    nodes = rng.choice([None, None, None, 1, 2, 2, 2, 3 if rng.random() < 0.2 else 2])
    if nodes is not None and vcpus % nodes and rng.random() < 0.7:
        nodes = None
    # In whole GiB wherever small pages may be used, so that QEMU's own memory, which Nova counts elsewhere, decides nothing.
    step = 1 if page == "2MB" and rng.random() < 0.1 else 2 if page in ("2MB", "large") else GIB
    unit = 256 if step == 2 else step
    cells = nodes or 1
    each = unit * rng.choice([1, 1, 2, 3]) if step > 1 else rng.choice([255, 256, 513])
    request["memoryMiB"] = each * cells + (unit if cells > 1 and rng.random() < 0.03 else 0)
    if nodes is not None:
        request["nodes"] = nodes
        if vcpus >= nodes and rng.random() < 0.4:
            bounds = sorted(rng.sample(range(1, vcpus), nodes - 1))
            sets = [set(range(a, b)) for a, b in zip([0] + bounds, bounds + [vcpus])]
            flaw = rng.random()
            if flaw < 0.04:
                sets[0] |= {vcpus}
            elif flaw < 0.08:
                sets[0] |= {vcpus - 1}
            elif flaw < 0.12 and len(sets[-1]) > 1:
                sets[-1] -= {vcpus - 1}
            mems = [each] * nodes
            if nodes > 1 and rng.random() < 0.3:
                mems[0] += unit
                request["memoryMiB"] += unit
            if rng.random() < 0.04:
                mems[0] += unit
            request["cellCpus"] = [cpu_list(s) for s in sets]
            request["cellMiB"] = mems
    return request


def flavor_and_image(request):
    specs = {}

    def put(name, key):
        if request.get(name) is not None:
            specs[key] = str(request[name])

    put("policy", "hw:cpu_policy")
    put("thread", "hw:cpu_thread_policy")
    put("emulator", "hw:emulator_threads_policy")
    put("mask", "hw:cpu_realtime_mask")
    put("dedicatedMask", "hw:cpu_dedicated_mask")
    put("page", "hw:mem_page_size")
    put("nodes", "hw:numa_nodes")
    if request.get("realtime"):
        specs["hw:cpu_realtime"] = "yes"
    for index, (cpus, mem) in enumerate(zip(request.get("cellCpus", []), request.get("cellMiB", []))):
        specs["hw:numa_cpus.%d" % index] = cpus
        specs["hw:numa_mem.%d" % index] = str(mem)
    flavor = objects.Flavor(id=0, name="f", vcpus=request["vcpus"], memory_mb=request["memoryMiB"], extra_specs=specs)
    properties = {}
    if "imageMask" in request:
        properties["hw_cpu_realtime_mask"] = request["imageMask"]
    image = objects.ImageMeta.from_dict({"properties": properties})
    return flavor, image


def host_topology(host):
    siblings = [hardware.parse_cpu_spec(core) for core in host["cores"]]
    shared = hardware.parse_cpu_spec(host.get("shared", ""))
    taken = hardware.parse_cpu_spec(host.get("taken", ""))
    cells = []
    for index, node in enumerate(host["nodes"]):
        cpus = hardware.parse_cpu_spec(node["cpus"])
        dedicated = cpus - shared
        small, small_used = node["smallGiB"]
        mempages = [objects.NUMAPagesTopology(size_kb=4, total=small * 262144, used=small_used * 262144, reserved=0)]
        memory, usage = small * GIB, small_used * GIB
        for size_kb, name in ((2048, "2Mi"), (1048576, "1Gi")):
            if name in node:
                total, used, reserved = node[name]
                mempages.append(objects.NUMAPagesTopology(size_kb=size_kb, total=total, used=used, reserved=reserved))
                memory += total * size_kb // 1024
                usage += used * size_kb // 1024
        cells.append(objects.NUMACell(
            id=index, cpuset=dedicated if host.get("legacy") else cpus & shared, pcpuset=dedicated, memory=memory, memory_usage=usage, cpu_usage=0,
            pinned_cpus=taken & dedicated, siblings=[s for s in siblings if s <= cpus], mempages=mempages, socket=index,
            network_metadata=objects.NetworkMetadata(physnets=set(), tunneled=False)))
    return objects.NUMATopology(cells=cells)


def verdict(host, request):
    flavor, image = flavor_and_image(request)
    try:
        instance = hardware.numa_get_constraints(flavor, image)
        realtime = hardware.get_realtime_cpu_constraint(flavor, image)
    except exception.NovaException as error:
        return {"error": type(error).__name__}
    answer = {"realtime": cpu_list(realtime or set())}
    if instance is None:
        return {**answer, "cells": 0}
    fitted = hardware.numa_fit_instance_to_host(host_topology(host), instance)
    answer["fits"] = fitted is not None
    if fitted is not None and request.get("emulator") == "isolate":
        answer["emulator"] = [[cell.id, len(cell.cpuset_reserved)] for cell in fitted.cells if cell.cpuset_reserved]
    return answer


def main():
    objects.register_all()
    logging.disable(logging.CRITICAL)
    rng = random.Random(SEED)
    for _ in range(CASES):
        # Nova honours `isolate` on SMT hosts only where shared and dedicated CPUs are configured as one set.
        legacy = rng.random() < 0.2
        host, request = random_host(rng, legacy), random_request(rng, legacy)
        sys.stdout.write(json.dumps({"host": host, "request": request, "verdict": verdict(host, request)}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
