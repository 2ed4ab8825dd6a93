# From reset, or from the start-up interrupt, to flat 32-bit code: the same path for every vCPU.

.section .text
.code16
.globl rom_start

# Offset 0 of the ROM: the boot vCPU jumps here from the reset vector with a code base of 0xffff0000, every other vCPU
# is started here by SIPI vector 0xf0 with a code base of 0xf0000. All addresses are relative to CS, so both work.
rom_start:
    cli
    cld
    data32 lgdt cs:[gdt_pointer - rom_start]
    # PE and nothing else: reset leaves the caches disabled (CD and NW), which KVM honours for guests with passed-through devices.
    mov eax, 0x00000011
    mov cr0, eax
    # A far jump with a 32-bit offset out of 16-bit code, by its bytes: assemblers differ in how they spell it.
    .byte 0x66, 0xea
    .long entry32
    .word CODE_SELECTOR

.code32
entry32:
    mov eax, DATA_SELECTOR
    mov ds, eax
    mov es, eax
    mov ss, eax

    # Memory type write-back, where there are MTRRs: their reset value makes all memory uncached, with the same effect as CD.
    mov eax, 1
    cpuid
    test edx, 1 << 12
    jz 1f
    mov ecx, 0x2ff                      # IA32_MTRR_DEF_TYPE
    mov eax, 0x806                      # enabled, default type 6
    xor edx, edx
    wrmsr
1:
    mov ecx, 0x1b                       # IA32_APIC_BASE: bit 8 marks the boot vCPU
    rdmsr
    test eax, 1 << 8
    jz started_vcpu
    mov esp, offset boot_stack_top
    jmp main

# A started vCPU: takes a stack, says that it is here, waits to be told its number, then measures or rests for good.
started_vcpu:
    mov eax, 1
    lock xadd [tickets], eax
    cmp eax, MAX_VCPUS
    jae rest
    inc eax
    shl eax, STACK_SHIFT
    lea esp, [stacks + eax]
    call apic_enable
    call apic_id
    cmp eax, MAX_APIC_IDS
    jae rest
    mov byte ptr [present + eax], 1
    lock inc dword ptr [arrived]
1:  pause
    cmp byte ptr [released], 0
    je 1b
    movzx eax, word ptr [index_of + eax * 2]
    cmp byte ptr [measuring + eax], 0
    je rest
    call record_of
    jmp measure_forever

# Halted with interrupts off: costs the host nothing.
rest:
    cli
    hlt
    jmp rest

# The accessed bits are set here already (…b, …3): the CPU would otherwise try to write them into the ROM.
.balign 8, 0x90
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff            # code, 0 to 4 GiB
    .quad 0x00cf93000000ffff            # data, 0 to 4 GiB
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt

.section .bss
.balign 64
stacks:         .skip MAX_VCPUS << STACK_SHIFT
boot_stack:     .skip 2048
boot_stack_top:
tickets:        .skip 4                 # start-ups so far: each takes a stack
arrived:        .skip 4                 # started vCPUs that are in `present`
released:       .skip 1                 # set once numbers and roles are decided
.balign 4
present:        .skip MAX_APIC_IDS      # by APIC id
index_of:       .skip MAX_APIC_IDS * 2  # by APIC id: the vCPU's number
measuring:      .skip MAX_VCPUS         # by vCPU number: 1 if it measures
