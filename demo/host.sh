# What the demo does to the host, and how it undoes it. Sourced by demo/run.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
banner() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s   %s%s\n' "$dim" "$*" "$plain"; }
show() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; "$@"; }
fail() { printf 'demo: %s\n' "$*" >&2; exit 1; }

work=''
libvirtd_pid=''
hugepages_before=''

undo() {
  local status=$?
  trap '' INT TERM
  set +e
  # Stopping the private libvirtd ends the domains that it still has.
  if [ -n "$libvirtd_pid" ]; then kill -TERM "$libvirtd_pid" 2>/dev/null; wait "$libvirtd_pid" 2>/dev/null; note 'undone: the private libvirtd is stopped'; fi
  if [ -n "$hugepages_before" ]; then sysctl -qw "vm.nr_hugepages=$hugepages_before"; note "undone: vm.nr_hugepages is $hugepages_before again"; fi
  if [ -n "$work" ]; then rm -rf "$work"; note "undone: $work is removed"; fi
  exit "$status"
}

require_host() {
  [ "$(id -u)" -eq 0 ] || fail 'needs root: it reserves huge pages and starts a libvirtd'
  cpus=$(nproc --all)
  [ "$cpus" -ge 2 ] || fail "this host has $cpus CPU; a realtime VM needs one of its own beside the host's: at least 2"
  shared_cpus=0
  dedicated_cpus=1; [ "$cpus" -le 2 ] || dedicated_cpus=1-$((cpus > 8 ? 7 : cpus - 1))
  virt_type=kvm
  note "$(uname -sr), $cpus CPUs, $(awk '/^MemTotal/ {printf "%d GiB", $2 / 1048576}' /proc/meminfo)"
  if [ ! -w /dev/kvm ]; then
    virt_type=qemu
    printf '\n   *** /dev/kvm is missing: everything below is EMULATED (--virt-type qemu). Threads are placed and ***\n'
    printf   '   *** scheduled as they would be, but nothing that the guest measures means anything.            ***\n\n'
  fi
  work=$(mktemp -d /var/tmp/rtvm-demo.XXXXXX)
  chmod 711 "$work"
  trap undo EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# $1 free pages of 2 MiB must be there.
prepare_hugepages() {
  local free total
  free=$(awk '/^HugePages_Free/ {print $2}' /proc/meminfo)
  total=$(awk '/^HugePages_Total/ {print $2}' /proc/meminfo)
  [ "$free" -lt "$1" ] || { note "$free huge pages are free"; return; }
  hugepages_before=$total
  note "vm.nr_hugepages: $total → $((total + $1 - free))"
  sysctl -qw "vm.nr_hugepages=$((total + $1 - free))"
  free=$(awk '/^HugePages_Free/ {print $2}' /proc/meminfo)
  [ "$free" -ge "$1" ] || fail "only $free of $1 huge pages could be reserved: memory is too full or too fragmented; free some, or boot with hugepages=$1"
}

# A libvirtd of the demo's own: whatever libvirt the machine runs is not touched.
start_libvirtd() {
  note 'starting a private libvirtd, in its own mount namespace; a libvirt that runs on this host is not touched'
  coproc LIBVIRTD { exec test/testbed/private-libvirtd "$work/libvirt"; }
  libvirtd_pid=$LIBVIRTD_PID
  local word
  read -r -t 90 word socket <&"${LIBVIRTD[0]}" && [ "$word" = ready ] || fail 'the private libvirtd did not start, see above'
}

vm_names() { sed -n 's/^  name: \(first\|second\)$/\1/p' "${vms[@]}" | sort -u; }

# Shows the first $1 windows that each guest prints.
measure() {
  local log count=0 line
  log=$(ls "$RTVM_STATE_DIR"/serial/*first*.log)
  while [ "$count" -lt "$1" ]; do
    read -r -t 20 line || fail "the guest went silent after $count windows; its serial port is in $log"
    line=${line%$'\r'}
    case "$line" in
      rtvm-probe*) note "$line" ;;
      window=*) printf '   %s\n' "$line"; count=$((count + 1)) ;;
    esac
  done < <(exec tail -n +1 -f "$log")
  # Only the reader of the log is ended with the loop.
  kill $! 2>/dev/null || true
}

wait_for_interrupt() { trap 'interrupted=1' INT; interrupted=0; while [ "$interrupted" = 0 ]; do sleep 1 || true; done; trap 'exit 130' INT; }

show_nothing_is_left() {
  local domains files
  domains=$(virsh -q -c "qemu+unix:///system?socket=$socket" list --all)
  files=$(find "$RTVM_STATE_DIR/disks" "$RTVM_STATE_DIR/serial" "$work/libvirt/lib/qemu/nvram" -type f 2>/dev/null || true)
  note "domains: ${domains:-none}"
  note "disks, NVRAM, logs: ${files:-none}"
  note "huge pages: $(awk '/^HugePages_Free/ {f=$2} /^HugePages_Total/ {t=$2} END {print f " of " t " free"}' /proc/meminfo)"
  note "CPUs given away: $(bin/rtvm verify -o json | tr -d ' \n')"
  [ -z "$domains$files" ] || fail 'something is left, see above'
}
