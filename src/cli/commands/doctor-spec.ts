import { defineCommand, noArgument, type OptionsOf } from '../spec/command-spec.ts'
import { asText, requiredValue } from '../spec/option-spec.ts'
import { jsonOptions } from '../spec/shared-options.ts'

export const DOCTOR = defineCommand({
  name: 'doctor',
  description:
    'explain what runtimes and tools print when a pull fails: which host, which step, what to do; ends with 1 where nothing of it is known',
  argument: noArgument,
  options: {
    error: requiredValue(
      '<text>',
      'what was printed: one message, or lines of a log or of kubectl describe; - for standard input',
      asText,
    ),
    ...jsonOptions('print it as JSON: causes, the likeliest first, errors, and what is not known'),
  },
  examples: [
    'crictl pull registry.example/web:1 2>&1 | portolan doctor --error -',
    'kubectl describe pod web-1 | portolan doctor --error -',
    'journalctl -u kubelet -u containerd --since -1h | portolan doctor --error - --json',
  ],
})

export type DoctorOptions = OptionsOf<typeof DOCTOR>
