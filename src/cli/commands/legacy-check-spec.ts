import { defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import { asText, list, offSwitch, switchOption, value } from '../spec/option-spec.ts'
import { configArgument, configOptions, jsonOptions } from '../spec/shared-options.ts'

export const LEGACY_CHECK = defineCommand({
  name: 'legacy check',
  description: 'list what an old name of the registry has, and prove that the new one has it all',
  argument: configArgument,
  options: {
    ...configOptions,
    from: value(
      '<place>',
      'where the content of the old name lies now: a registry with what stands before its repositories, oci:FOLDER or bundle:FOLDER (default: what legacy.list of the config says, checked once more)',
      asText,
    ),
    repositories: value(
      '<how>',
      'how the repositories there are found: catalog (the default), childRepositories (Artifact Registry), or a file with a name a line',
      asText,
    ),
    except: list(
      '<pattern>',
      'accept what is missing or different of these images, by NAME:TAG: pause:* or **/*:latest; may be given several times',
    ),
    blobs: offSwitch('ask for no blobs; nothing is written then, since that proves nothing'),
    out: value('<file>', 'where the list goes (default: legacy.list of the config)', asText),
    forget: switchOption(
      'write a list that lacks tags which the one before it has; what is frozen should not get less',
      { destructive: true },
    ),
    ...jsonOptions('print the report as JSON'),
  },
  rules: [
    {
      kind: 'need',
      option: 'repositories',
      needs: 'from',
      why: 'a list from before says itself which repositories there are',
    },
    {
      kind: 'exclude',
      options: ['blobs', 'out'],
      why: 'a check without blobs proves nothing, and writes nothing',
    },
    { kind: 'exclude', options: ['blobs', 'forget'], why: 'a check without blobs writes nothing' },
  ],
  examples: [
    'portolan legacy check door.yaml --from https://old-backend.example/google-containers',
    'portolan legacy check door.yaml',
    "portolan legacy check door.yaml --except 'pause-test:*' --json",
    'portolan legacy check door.yaml --from europe-docker.pkg.dev/project/images --repositories childRepositories',
  ],
})

export type LegacyCheckOptions = OptionsOf<typeof LEGACY_CHECK>
