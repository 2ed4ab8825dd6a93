# The boot vCPU's way: set up, start the others, decide who measures, then print and rest until the power button.

.section .text
.code32

main:
    # A reset leaves RAM as it was.
    mov edi, offset ram_start
    mov ecx, offset ram_end
    sub ecx, edi
    shr ecx, 2
    xor eax, eax
    rep stosd

    call serial_init
    call apic_init
    call power_init
    jc no_power
    call clock_init
    call fwcfg_vcpus
    mov [announced], eax

    call apic_id
    mov [boot_apic_id], eax
    mov byte ptr [present + eax], 1
    call start_others
    call number_vcpus
    mov eax, [announced]
    test eax, eax
    jz 1f
    cmp eax, [vcpus]
    jne some_missing
1:
    call default_roles
    call config_read
    jc refuse
    call enough_memory
    jc refuse
    call put_header

    call prepare_records
    mov byte ptr [released], 1

# Every round: look at the power button, print what was published, then measure for a while or sleep.
round:
    call power_check
    call report_all
    mov eax, [boot_index]
    cmp byte ptr [measuring + eax], 0
    je 1f
    call record_of
    call measure_slice
    jmp round
1:  mov eax, [tick_ms]
    call sleep_ms
    jmp round

no_power:
    mov esi, offset text_no_power
    call put_error
    call flush_line
    jmp rest

# Carry set: RAM ends before the buffers do; the error line is in the buffer.
enough_memory:
    call fwcfg_memory_kib
    test eax, eax
    jz 1f                               # nobody says how much there is
    mov ebx, eax
    mov eax, [vcpus]
    imul eax, eax, 2 * BUF_BYTES
    add eax, BUFFERS + 1023
    shr eax, 10
    cmp ebx, eax
    jb 2f
1:  clc
    ret
2:  push eax
    mov esi, offset text_memory
    call put_error
    pop eax
    call put_u32
    mov esi, offset text_kib_found
    call put_string
    mov eax, ebx
    call put_u32
    mov esi, offset text_kib
    call put_string
    stc
    ret

some_missing:
    mov esi, offset text_missing
    call put_error
    mov eax, [vcpus]
    call put_u32
    mov esi, offset text_of
    call put_string
    mov eax, [announced]
    call put_u32
    # falls through: figures under wrong vCPU numbers would be worse than none

# An error line is in the buffer: print it, send the others to rest and wait for the power button.
refuse:
    call flush_line
    mov edi, offset measuring
    mov ecx, MAX_VCPUS
    xor eax, eax
    rep stosb
    mov byte ptr [released], 1
1:  call power_check
    mov eax, MAX_TICK_MS
    call sleep_ms
    jmp 1b

# Starts the other vCPUs and waits until those announced are here. Unannounced ones get a second to show up.
start_others:
    call apic_start_others
    mov eax, 1000
    cmp dword ptr [announced], 0
    je 1f
    mov eax, 10000                      # as long as a badly overloaded host may take
1:  call deadline_in
2:  mov eax, [arrived]
    inc eax
    cmp eax, [announced]
    je 3f
    pause
    call deadline_passed
    jnc 2b
3:  ret

# Numbers the vCPUs by rising APIC id, which is how QEMU, and so libvirt's vcpupin, numbers them.
number_vcpus:
    xor eax, eax
    xor ecx, ecx
1:  cmp byte ptr [present + ecx], 0
    je 2f
    mov [index_of + ecx * 2], ax
    inc eax
2:  inc ecx
    cmp ecx, MAX_APIC_IDS
    jb 1b
    mov [vcpus], eax
    mov ecx, [boot_apic_id]
    movzx eax, word ptr [index_of + ecx * 2]
    mov [boot_index], eax
    ret

# All but vCPU 0 measure; the only vCPU of a guest measures itself.
default_roles:
    mov byte ptr [measuring], 1
    mov ecx, [vcpus]
    dec ecx
    jz 1f
    mov byte ptr [measuring], 0
    mov edi, offset measuring + 1
    mov al, 1
    rep stosb
1:  mov dword ptr [window_ms], DEFAULT_WINDOW_MS
    mov dword ptr [interval_us], DEFAULT_INTERVAL_US
    mov dword ptr [limit], -1           # none
    mov dword ptr [limit + 4], -1
    ret

text_no_power:  .asciz "no ICH9 (q35) or PIIX4 (pc) power management found: use one of these machine types"
text_missing:   .asciz "vCPUs started: "
text_of:        .asciz " of "
text_memory:    .asciz "this many vCPUs need "
text_kib_found: .asciz " KiB of RAM, found "
text_kib:       .asciz " KiB"

.section .bss
.balign 4
announced:      .skip 4                 # vCPUs by fw_cfg, 0 if it does not say
vcpus:          .skip 4                 # vCPUs that run
boot_apic_id:   .skip 4
boot_index:     .skip 4                 # the boot vCPU's number: 0 with QEMU
window_ms:      .skip 4
