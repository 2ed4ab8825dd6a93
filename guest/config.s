# The settings, as vcpus=LIST or sampler=timer, separated by spaces, from fw_cfg. A setting that makes no sense is an error that
# is printed, never a silent default: somebody would trust figures of the wrong vCPU.

# A number: its key, the least and the most that it may be, where it goes, and what is said of any other.
.equ NUMBER_KEY,            0
.equ NUMBER_LEAST,          4
.equ NUMBER_MOST,           8
.equ NUMBER_AT,             12
.equ NUMBER_REFUSAL,        16
.equ NUMBER_BYTES,          20

# A word: its text, the flag that it sets, and to what.
.equ WORD_TEXT,             0
.equ WORD_AT,               4
.equ WORD_VALUE,            8
.equ WORD_BYTES,            12

.section .text
.code32

# Applies the settings file over the defaults, and derives what the loops need of it. Carry set: refused, error line in the buffer.
config_read:
    call fwcfg_config
    jc config_too_long
    mov esi, offset config_text
next_setting:
    mov al, [esi]
    cmp al, ' '
    je 1f
    cmp al, '\n'                        # a settings file written with echo
    jne 2f
1:  inc esi
    jmp next_setting
2:  mov [setting_start], esi
    test al, al
    jz config_done
    mov edi, offset key_vcpus
    call skip_key
    je set_vcpus
    mov ebx, offset numbers
3:  mov edi, [ebx + NUMBER_KEY]
    test edi, edi
    jz 4f
    call skip_key
    je set_number
    add ebx, NUMBER_BYTES
    jmp 3b
4:  mov ebx, offset words
5:  mov edi, [ebx + WORD_TEXT]
    test edi, edi
    jz 6f
    call skip_key
    je set_word
    add ebx, WORD_BYTES
    jmp 5b
6:
    mov edi, offset text_unknown
    jmp config_refused

# ebx: which of the numbers.
set_number:
    call parse_number
    jc 1f
    cmp eax, [ebx + NUMBER_LEAST]
    jb 1f
    cmp eax, [ebx + NUMBER_MOST]
    ja 1f
    mov ecx, [ebx + NUMBER_AT]
    mov [ecx], eax
    call at_setting_end
    je next_setting
1:  mov edi, [ebx + NUMBER_REFUSAL]
    jmp config_refused

# ebx: which of the words.
set_word:
    call at_setting_end
    mov edi, offset text_unknown
    jne config_refused
    mov eax, [ebx + WORD_AT]
    mov ecx, [ebx + WORD_VALUE]
    mov [eax], cl
    jmp next_setting

set_vcpus:
    push esi
    mov edi, offset measuring
    mov ecx, MAX_VCPUS
    xor eax, eax
    rep stosb
    pop esi
1:  call parse_number
    jc bad_list
    mov ebx, eax                        # first of the range
    cmp byte ptr [esi], '-'
    jne 2f
    inc esi
    call parse_number
    jc bad_list
2:  cmp eax, [vcpus]                    # eax: last of the range
    jae absent_vcpu
    cmp ebx, eax
    ja bad_list
3:  mov byte ptr [measuring + ebx], 1
    inc ebx
    cmp ebx, eax
    jbe 3b
    cmp byte ptr [esi], ','
    jne 4f
    inc esi
    jmp 1b
4:  call at_setting_end
    je next_setting
bad_list:
    mov edi, offset text_bad_list
    jmp config_refused
absent_vcpu:
    mov esi, offset text_config
    call put_error
    mov esi, offset text_absent
    call put_string
    mov eax, [vcpus]
    dec eax
    call put_u32
    jmp config_found

config_done:
    mov eax, [window_ms]
    cmp eax, MAX_TICK_MS
    jbe 1f
    mov eax, MAX_TICK_MS
1:  mov [tick_ms], eax
    mov eax, [window_ms]
    call ms_to_ticks
    mov [window_ticks], eax
    mov [window_ticks + 4], edx
    shrd eax, edx, 3
    shr edx, 3
    mov [window_eighth], eax
    mov [window_eighth + 4], edx

    mov eax, [interval_us]
    mul dword ptr [tsc_khz]
    mov ecx, 1000
    div ecx                             # 32 bits: see MAX_INTERVAL_US
    mov [interval_ticks], eax
    mov eax, [interval_us]
    mul dword ptr [apic_ticks_per_ms]
    div ecx
    mov [interval_apic_ticks], eax
    mov eax, [tsc_khz]
    xor edx, edx
    div ecx
    mov [ticks_per_us], eax

    mov eax, [limit_s]
    test eax, eax
    jz 2f
    mul dword ptr [tsc_khz]             # s × kHz, and then × 1000
    mov esi, edx
    mov ecx, 1000
    mul ecx
    mov edi, edx
    mov [limit], eax
    imul esi, esi, 1000
    add edi, esi
    rdtsc
    add [limit], eax
    adc edx, edi
    mov [limit + 4], edx
2:  clc
    ret

config_too_long:
    mov edi, offset text_too_long
    mov dword ptr [setting_start], offset config_text
# edi: what would be accepted. Prints it with what was found.
config_refused:
    mov esi, offset text_config
    call put_error
    mov esi, edi
    call put_string
config_found:
    mov esi, offset text_found
    call put_string
    mov esi, [setting_start]
    call put_foreign
    mov al, '"'
    call put_char
    stc
    ret

# Zero flag set if the text at esi starts with the key at edi; esi is then behind it. Clobbers eax, ecx, edi.
skip_key:
    mov ecx, esi
1:  mov al, [edi]
    test al, al
    jz 2f
    cmp al, [ecx]
    jne 3f
    inc edi
    inc ecx
    jmp 1b
2:  mov esi, ecx
3:  ret

# Decimal number at esi → eax, esi behind it. Carry set: no digit, or more than six. Clobbers ecx, edx.
parse_number:
    xor eax, eax
    xor ecx, ecx
1:  movzx edx, byte ptr [esi]
    sub edx, '0'
    cmp edx, 9
    ja 2f
    imul eax, eax, 10
    add eax, edx
    inc esi
    inc ecx
    jmp 1b
2:  dec ecx                             # 1-6 digits → 0-5
    cmp ecx, 6
    cmc                                 # not below: carry
    ret

# Zero flag set if a setting may end at esi.
at_setting_end:
    cmp byte ptr [esi], 0
    je 1f
    cmp byte ptr [esi], ' '
    je 1f
    cmp byte ptr [esi], '\n'
1:  ret

numbers:
    .long key_window, MIN_WINDOW_MS, MAX_WINDOW_MS, window_ms, text_bad_window
    .long key_interval, MIN_INTERVAL_US, MAX_INTERVAL_US, interval_us, text_bad_interval
    .long key_limit, 1, 999999, limit_s, text_bad_limit
    .long 0

words:
    .long word_spin, sampler_timer, 0
    .long word_timer, sampler_timer, 1
    .long word_halt, idle_poll, 0
    .long word_poll, idle_poll, 1
    .long word_full, report_full, 1
    .long 0

key_vcpus:          .asciz "vcpus="
key_window:         .asciz "window_ms="
key_interval:       .asciz "interval_us="
key_limit:          .asciz "limit_s="
word_spin:          .asciz "sampler=spin"
word_timer:         .asciz "sampler=timer"
word_halt:          .asciz "idle=halt"
word_poll:          .asciz "idle=poll"
word_full:          .asciz "report=full"
text_config:        .asciz "opt/rtvm/probe: "
text_unknown:       .asciz "expected vcpus=LIST, window_ms=N, sampler=spin or timer, interval_us=N, idle=halt or poll, report=full or limit_s=N"
text_bad_window:    .asciz "window_ms must be a number from 10 to 60000"
text_bad_interval:  .asciz "interval_us must be a number from 10 to 500000"
text_bad_limit:     .asciz "limit_s must be a number from 1 to 999999"
text_bad_list:      .asciz "vcpus must be a list of numbers and rising ranges, as 1-3,5"
text_absent:        .asciz "vcpus must name vCPUs that this guest has, 0 to "
text_too_long:      .asciz "at most 255 bytes are read"
text_found:         .asciz ", found \""

.section .bss
.balign 8
window_ticks:   .skip 8
limit:          .skip 8                 # the TSC at which the guest switches off by itself
window_eighth:  .skip 8
interval_ticks: .skip 4
interval_apic_ticks: .skip 4
ticks_per_us:   .skip 4
interval_us:    .skip 4
limit_s:        .skip 4                 # 0: none
sampler_timer:  .skip 1                 # 0: spin
idle_poll:      .skip 1                 # 0: halt
report_full:    .skip 1
.balign 4
tick_ms:        .skip 4                 # how often vCPU 0 looks around
setting_start:  .skip 4
