import type { NodeTool } from '../../migrate/node-config/tools.ts'
import { defineCommand, noArgument, type OptionsOf } from '../spec/command-spec.ts'
import { asText, oneOf, requiredValue, value } from '../spec/option-spec.ts'
import { jsonOptions, mapOptions } from '../spec/shared-options.ts'

const TOOLS = [
  ...(['containerd', 'crio', 'kubeadm', 'kubelet', 'cri-dockerd', 'docker', 'k3s', 'helm'] as const),
] satisfies readonly NodeTool[]

export const NODE_CONFIG = defineCommand({
  name: 'node-config',
  description: 'print the settings that make a tool use the new names, and how to apply and undo them',
  argument: noArgument,
  options: {
    for: requiredValue('<tool>', 'whose settings', oneOf(TOOLS)),
    ...mapOptions,
    toolVersion: value('<version>', 'the version of the tool', asText),
    ...jsonOptions(),
  },
  examples: [
    'portolan node-config --for containerd --tool-version 2.1',
    'portolan node-config --for crio --map mirror.yaml',
  ],
})

export type NodeConfigOptions = OptionsOf<typeof NODE_CONFIG>
