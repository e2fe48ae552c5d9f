import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import packageFile from '../../package.json' with { type: 'json' }
import { parseDuration } from '../config/duration.ts'
import { PortolanError } from '../errors.ts'
import type { SampleSize } from '../replication/audit-content.ts'
import type { AuditCommandOptions } from './commands/audit.ts'
import type { ExplainOptions } from './commands/explain.ts'
import type { NodeConfigOptions } from './commands/node-config.ts'
import type { RangesUpdateOptions } from './commands/ranges-update.ts'
import type { RewriteCommandOptions } from './commands/rewrite.ts'
import type { ScanCommandOptions } from './commands/scan.ts'
import type { SyncCommandOptions } from './commands/sync.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'

/** The range snapshot that commands make and read unless another is named. */
const RANGES_FILE = 'ranges.bin'

/** Objects of each store that an audit reads unless told otherwise. */
const SAMPLE = 100

/** Runs one command line to its end; gives the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  // Nobody is left to be told, and what runs is worth more than what it says.
  process.stderr.on('error', () => {})
  let code: number = EXIT.done
  try {
    await createProgram((ended) => {
      code = ended
    }).parseAsync(words, { from: 'user' })
    return code
  } catch (error) {
    return report(error)
  }
}

/** The commands and their flags; what a command does is loaded when it runs. `end` takes an exit code other than 0. */
export function createProgram(end: (code: number) => void): Command {
  const program = new Command('portolan')
    .description(packageFile.description)
    .version(packageFile.version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(`portolan: ${oneLine(text.replace(/^error: /, ''))}\n`),
    })
    .addHelpText('after', examples('portolan demo', 'portolan serve --config portolan.yaml'))

  program
    .command('serve')
    .description('run the door')
    .addOption(configOption())
    .addHelpText('after', examples('portolan serve --config portolan.yaml'))
    .action(async (options: { config: string }) => {
      const { runServe } = await import('./commands/serve.ts')
      await runServe(options)
    })

  program
    .command('demo')
    .description('run a whole world on this machine: upstreams, stores, sample images, and the door')
    .addOption(portOption('--port <number>', 'port of the door, 0 for a free one', 'PORTOLAN_PORT', 8080))
    .addOption(
      portOption(
        '--admin-port <number>',
        'port of its admin service, 0 for a free one',
        'PORTOLAN_ADMIN_PORT',
        9090,
      ),
    )
    .addOption(
      new Option(
        '--folder <folder>',
        'where to keep the images and the config (default: in your cache folder)',
      ).env('PORTOLAN_FOLDER'),
    )
    .addHelpText('after', examples('portolan demo', 'portolan demo --port 0 --admin-port 0'))
    .action(async (options: { port: number; adminPort: number; folder?: string }) => {
      const { runDemo } = await import('./commands/demo.ts')
      await runDemo(options)
    })

  program
    .command('explain')
    .description('say where every request of a pull goes, and why')
    .argument(
      '<image>',
      'NAME[:TAG][@DIGEST]; a host before it is ignored, since the door is named otherwise',
    )
    .addOption(
      new Option('--from <address>', 'address of the client')
        .env('PORTOLAN_FROM_ADDRESS')
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('-c, --config <file>', 'decide by this config, its backends tried first').env(
        'PORTOLAN_CONFIG',
      ),
    )
    .addOption(
      new Option(
        '--admin <url>',
        'instead of a config: ask the door whose admin service is here, such as http://127.0.0.1:9090',
      ).env('PORTOLAN_ADMIN'),
    )
    .addOption(
      new Option('--platform <os/arch>', 'one platform of an image for several (default: all)').env(
        'PORTOLAN_PLATFORM',
      ),
    )
    .addOption(jsonOption('print all of it as JSON'))
    .addHelpText(
      'after',
      examples(
        'portolan explain pause:3.9 --from 35.180.1.1 --config portolan.yaml',
        'portolan explain pause:3.9 --from 35.180.1.1 --admin http://127.0.0.1:9090 --platform linux/amd64',
      ),
    )
    .action(async (image: string, options: ExplainOptions) => {
      const { runExplain } = await import('./commands/explain.ts')
      end(await runExplain(image, options))
    })

  program
    .command('sync')
    .description('fill the stores from the upstream')
    .addOption(configOption())
    .addOption(flagOption('--dry-run', 'say what would be copied, and change nothing', 'PORTOLAN_DRY_RUN'))
    .addOption(listOption('--store <id...>', 'only these stores (default: all with fill)', 'PORTOLAN_STORE'))
    .addOption(
      listOption(
        '--repository <pattern...>',
        "instead of the config's repositories.include",
        'PORTOLAN_REPOSITORY',
      ),
    )
    .addOption(listOption('--tag <pattern...>', "instead of the config's tags.include", 'PORTOLAN_TAG'))
    .addOption(
      listOption('--platform <os/arch...>', "instead of the config's platforms", 'PORTOLAN_PLATFORM'),
    )
    .addOption(
      numberOption(
        '--concurrency <number>',
        "blobs that are copied at once, instead of the config's",
        'PORTOLAN_CONCURRENCY',
        64,
      ),
    )
    .addOption(
      new Option('--verify <how-much>', 'how much of what was stored is read again')
        .choices(['sample', 'full'])
        .env('PORTOLAN_VERIFY')
        .default('sample'),
    )
    .addOption(
      flagOption(
        '--trust-existing',
        'in a store without an inventory, believe what has the right size, unread',
        'PORTOLAN_TRUST_EXISTING',
      ),
    )
    .addOption(
      flagOption(
        '--recheck',
        'believe no inventory: list the stores, read what is there, and put right what is not',
        'PORTOLAN_RECHECK',
        // With a part of the images, all others would drop out of the inventories.
      ).conflicts(['repository', 'tag', 'platform']),
    )
    .addOption(jsonOption('print the report as JSON'))
    .addHelpText(
      'after',
      examples(
        'portolan sync --config portolan.yaml --dry-run',
        'portolan sync --config portolan.yaml',
        'portolan sync --config portolan.yaml --store paris --recheck',
        "portolan sync --config portolan.yaml --store paris --repository 'kube-*' --tag '/^v1[.]3[0-9]/' --json",
      ),
    )
    .action(async (options: SyncCommandOptions) => {
      const { runSync } = await import('./commands/sync.ts')
      end(await runSync(options))
    })

  program
    .command('audit')
    .description('prove that the stores are complete, unaltered and public, and say what else lies there')
    .addOption(configOption())
    .addOption(listOption('--store <id...>', 'only these stores (default: all with fill)', 'PORTOLAN_STORE'))
    .addOption(
      flagOption('--full', 'read every object and compare it with its digest', 'PORTOLAN_FULL').conflicts(
        'sample',
      ),
    )
    .addOption(
      new Option('--sample <number>', 'read so many objects of each store, or a share such as 5%')
        .env('PORTOLAN_SAMPLE')
        .default({ count: SAMPLE } satisfies SampleSize, String(SAMPLE))
        .argParser(readSample),
    )
    .addOption(
      flagOption(
        '--delete-orphans',
        'list what no chosen tag leads to and no inventory lists, ask, and delete it',
        'PORTOLAN_DELETE_ORPHANS',
      ),
    )
    .addOption(
      new Option('--older-than <duration>', 'of orphans, only those that are as old')
        .env('PORTOLAN_OLDER_THAN')
        .default(7 * 86_400_000, '7d')
        .argParser(readAge),
    )
    .addOption(flagOption('--yes', 'delete without asking', 'PORTOLAN_YES'))
    .addOption(jsonOption('print the report as JSON'))
    .addHelpText(
      'after',
      examples(
        'portolan audit --config portolan.yaml',
        'portolan audit --config portolan.yaml --store paris --full --json',
        'portolan audit --config portolan.yaml --delete-orphans --older-than 30d',
      ),
    )
    .action(async (options: AuditCommandOptions) => {
      const { runAudit } = await import('./commands/audit.ts')
      end(await runAudit(options))
    })

  program
    .command('scan')
    .description('find references to registries by their old names')
    .argument('[path...]', 'files and folders; - for standard input')
    .addOption(mapOption())
    .addOption(revertOption())
    .addOption(flagOption('--node', 'instead of paths: the settings of this machine', 'PORTOLAN_NODE'))
    .addOption(
      new Option('--root <folder>', 'where the machine of --node is (default: /)').env('PORTOLAN_ROOT'),
    )
    .addOption(
      flagOption('--cluster', 'instead of paths: a live cluster, found as kubectl does', 'PORTOLAN_CLUSTER'),
    )
    .addOption(
      new Option('--context <name>', 'of the kubeconfig (default: its current one)').env('PORTOLAN_CONTEXT'),
    )
    .addOption(
      new Option('--kubeconfig <file>', 'instead of KUBECONFIG and ~/.kube/config').env(
        'PORTOLAN_KUBECONFIG',
      ),
    )
    .addOption(
      listOption('--namespace <name...>', 'of the cluster, only these (default: all)', 'PORTOLAN_NAMESPACE'),
    )
    .addOption(
      new Option('--baseline <file>', 'do not count the findings that are in it').env('PORTOLAN_BASELINE'),
    )
    .addOption(
      new Option('--write-baseline <file>', 'write the findings as a baseline, and end with 0').env(
        'PORTOLAN_WRITE_BASELINE',
      ),
    )
    .addOption(
      flagOption(
        '--include-text',
        'comments, prose, URLs and files of unknown formats too',
        'PORTOLAN_INCLUDE_TEXT',
      ),
    )
    .addOption(
      flagOption('--related', 'each place of what is only related, not one line a name', 'PORTOLAN_RELATED'),
    )
    .addOption(listOption('--exclude <glob...>', 'pass over these paths or names', 'PORTOLAN_EXCLUDE'))
    .addOption(flagOption('--no-ignore', 'look into what .gitignore leaves out, too', 'PORTOLAN_NO_IGNORE'))
    .addOption(
      new Option('--stdin-name <name>', 'tell the format of standard input by this name')
        .env('PORTOLAN_STDIN_NAME')
        .default('stdin.yaml'),
    )
    .addOption(jsonOption('print all of it as JSON'))
    .addOption(flagOption('--sarif', 'print it as SARIF 2.1.0', 'PORTOLAN_SARIF'))
    .addHelpText(
      'after',
      examples(
        'portolan scan .',
        'portolan scan --map mirror.yaml --exclude vendor charts',
        'helm template ./chart | portolan scan -',
        'portolan scan --node',
        'portolan scan --cluster --context production',
      ),
    )
    .action(async (paths: string[], options: ScanCommandOptions) => {
      const { runScan } = await import('./commands/scan.ts')
      end(await runScan(paths, options))
    })

  program
    .command('rewrite')
    .description('change registries in references to their new names: show a diff, or write')
    .argument('<path...>', 'files and folders')
    .addOption(mapOption())
    .addOption(revertOption())
    .addOption(flagOption('--write', 'write the changes instead of showing them', 'PORTOLAN_WRITE'))
    .addOption(
      flagOption(
        '--in-place-backup',
        'with --write: keep each old file beside, as .bak',
        'PORTOLAN_IN_PLACE_BACKUP',
      ),
    )
    .addOption(
      flagOption(
        '--verify',
        'ask both registries, and leave what the new one lacks or has otherwise',
        'PORTOLAN_VERIFY_TARGETS',
      ),
    )
    .addOption(flagOption('--pin', 'write the digests that new names stand for; verifies', 'PORTOLAN_PIN'))
    .addOption(
      new Option(
        '--helm-override <file>',
        'instead of editing values of charts: write those that change to this file; - for standard output',
      ).env('PORTOLAN_HELM_OVERRIDE'),
    )
    .addOption(
      flagOption(
        '--include-text',
        'comments, prose, URLs and files of unknown formats too',
        'PORTOLAN_INCLUDE_TEXT',
      ),
    )
    .addOption(
      flagOption('--include-code', 'strings of programs too: Go, Python, Jsonnet …', 'PORTOLAN_INCLUDE_CODE'),
    )
    .addOption(listOption('--exclude <glob...>', 'pass over these paths or names', 'PORTOLAN_EXCLUDE'))
    .addOption(flagOption('--no-ignore', 'look into what .gitignore leaves out, too', 'PORTOLAN_NO_IGNORE'))
    .addOption(jsonOption('print what is found and changed as JSON'))
    .addHelpText(
      'after',
      examples(
        'portolan rewrite .',
        'portolan rewrite --write --map mirror.yaml deploy charts',
        'portolan rewrite --write --revert deploy',
        'portolan rewrite --helm-override override.yaml charts/web/values.yaml',
      ),
    )
    .action(async (paths: string[], options: RewriteCommandOptions) => {
      const { runRewrite } = await import('./commands/rewrite.ts')
      end(await runRewrite(paths, options))
    })

  program
    .command('node-config')
    .description('print the settings that make a tool use the new names, and how to apply and undo them')
    .addOption(
      new Option('--for <tool>', 'whose settings')
        .choices(['containerd', 'crio', 'kubeadm', 'kubelet', 'cri-dockerd', 'docker', 'k3s', 'helm'])
        .env('PORTOLAN_FOR')
        .makeOptionMandatory(),
    )
    .addOption(mapOption())
    .addOption(new Option('--tool-version <version>', 'the version of the tool').env('PORTOLAN_TOOL_VERSION'))
    .addOption(jsonOption('print it as JSON'))
    .addHelpText(
      'after',
      examples(
        'portolan node-config --for containerd --tool-version 2.1',
        'portolan node-config --for crio --map mirror.yaml',
      ),
    )
    .action(async (options: NodeConfigOptions) => {
      const { runNodeConfig } = await import('./commands/node-config.ts')
      await runNodeConfig(options)
    })

  const config = program
    .command('config')
    .description('check, show and describe configs')
    .addHelpText('after', examples('portolan config check portolan.yaml'))
  config
    .command('check')
    .description('say all that is wrong with a config, one line a fault')
    .argument('<file>', 'the config; - for standard input')
    .addOption(jsonOption('print the faults as JSON'))
    .addHelpText(
      'after',
      examples('portolan config check portolan.yaml', 'portolan config check --json - < portolan.yaml'),
    )
    .action(async (file: string, options: { json?: boolean }) => {
      const { runConfigCheck } = await import('./commands/config.ts')
      end(await runConfigCheck(file, options))
    })
  config
    .command('show')
    .description('print a config with every default written out')
    .argument('<file>', 'the config; - for standard input')
    .addOption(jsonOption('print it as JSON instead of YAML'))
    .addHelpText('after', examples('portolan config show portolan.yaml'))
    .action(async (file: string, options: { json?: boolean }) => {
      const { runConfigShow } = await import('./commands/config.ts')
      await runConfigShow(file, options)
    })
  config
    .command('schema')
    .description('print the JSON Schema of a config, for editors')
    .addHelpText('after', examples('portolan config schema > portolan.schema.json'))
    .action(async () => {
      const { runConfigSchema } = await import('./commands/config.ts')
      runConfigSchema()
    })

  const ranges = program
    .command('ranges')
    .description('update the range snapshot, which tells where addresses are, and ask it')
    .option('--about', 'the same as the command about')
    .addHelpText('after', examples('portolan ranges update', 'portolan ranges lookup 35.180.1.1'))
    .action(async (options: { about?: boolean }) => {
      if (!options.about) return ranges.help({ error: true })
      const { runRangesAbout } = await import('./commands/ranges-about.ts')
      await runRangesAbout({ file: RANGES_FILE })
    })
  ranges
    .command('update')
    .description('make the snapshot from the lists that the providers publish, and say what is new')
    .addOption(
      new Option('--from <folder>', 'read saved lists (aws.json, gcp.json, …) instead of downloading them')
        .env('PORTOLAN_FROM')
        .conflicts('source'),
    )
    .addOption(new Option('--out <file>', 'the snapshot').env('PORTOLAN_OUT').default(RANGES_FILE))
    .addOption(
      new Option('--source <provider=url>', 'download a list from a mirror, or not at all (provider=off)')
        .env('PORTOLAN_SOURCE')
        .argParser((text, before: string[] = []) => [...before, ...text.trim().split(/\s+/)]),
    )
    .addOption(flagOption('--no-geo', 'only what providers list, not the other addresses', 'PORTOLAN_NO_GEO'))
    .addOption(
      flagOption('--allow-missing', 'go on without lists that do not come', 'PORTOLAN_ALLOW_MISSING'),
    )
    .addOption(
      flagOption('--force', 'take lists that lost many prefixes, replace any file', 'PORTOLAN_FORCE'),
    )
    .addOption(jsonOption('print what was done as JSON'))
    .addHelpText(
      'after',
      examples(
        'portolan ranges update --out ranges.bin',
        'portolan ranges update --from saved-lists',
        'portolan ranges update --source aws=https://mirror.example/aws.json --source github=off',
      ),
    )
    .action(async (options: Omit<RangesUpdateOptions, 'source'> & { source?: string[] }) => {
      const { runRangesUpdate } = await import('./commands/ranges-update.ts')
      end(await runRangesUpdate({ ...options, source: options.source ?? [] }))
    })
  ranges
    .command('lookup')
    .description('say where addresses are, and who says so')
    .argument('<address...>', 'IPv4 or IPv6 addresses')
    .addOption(fileOption())
    .addOption(jsonOption('print one JSON object a line'))
    .addHelpText('after', examples('portolan ranges lookup 35.180.1.1 2600:9000:5200::1'))
    .action(async (addresses: string[], options: { file: string; json?: boolean }) => {
      const { runRangesLookup } = await import('./commands/ranges-lookup.ts')
      await runRangesLookup(addresses, options)
    })
  ranges
    .command('about')
    .description('say whose data tells where addresses are, with dates and licences')
    .addOption(fileOption())
    .addOption(jsonOption('print it as JSON'))
    .addHelpText('after', examples('portolan ranges about'))
    .action(async (options: { file: string; json?: boolean }) => {
      const { runRangesAbout } = await import('./commands/ranges-about.ts')
      await runRangesAbout(options)
    })
  return program
}

/** Says an error in one line on standard error, a config's faults in one line each; gives the exit code. */
function report(error: unknown): number {
  // Commander has said its own already; what it throws for --help and --version is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUsage
  if (!(error instanceof PortolanError)) {
    console.error('portolan: this is a bug, please report it:', error)
    return EXIT.failed
  }
  console.error(error.code === 'CONFIG_INVALID' ? error.message : `portolan: ${oneLine(error.message)}`)
  return exitCodeOf(error.code)
}

function configOption(): Option {
  return new Option('-c, --config <file>', 'the config').env('PORTOLAN_CONFIG').makeOptionMandatory()
}

/** Several values, one after the other or each with the flag; in the variable, with blanks between. */
function listOption(flags: string, description: string, variable: string): Option {
  return new Option(flags, description)
    .env(variable)
    .argParser((text, before: string[] = []) => [...before, ...text.trim().split(/\s+/)])
}

function numberOption(flags: string, description: string, variable: string, most: number): Option {
  return new Option(flags, description).env(variable).argParser((text) => {
    const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
    if (number >= 1 && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`)
  })
}

function readSample(text: string): SampleSize {
  const [, digits = '', percent] = /^([0-9]{1,9})(%?)$/.exec(text) ?? []
  const number = Number(digits)
  if (number >= 1 && !percent) return { count: number }
  if (number >= 1 && number <= 100) return { share: number / 100 }
  throw new InvalidArgumentError('It must be a number of objects, or a share from 1% to 100%.')
}

function readAge(text: string): number {
  const age = parseDuration(text)
  if (age !== undefined) return age
  throw new InvalidArgumentError('It must be a duration, such as 12h or 7d.')
}

function portOption(flags: string, description: string, variable: string, preset: number): Option {
  return new Option(flags, description)
    .env(variable)
    .default(preset)
    .argParser((text) => {
      if (!/^[0-9]{1,5}$/.test(text) || Number(text) > 65_535) {
        throw new InvalidArgumentError('It must be a port from 0 to 65535.')
      }
      return Number(text)
    })
}

function mapOption(): Option {
  return new Option('--map <file>', 'names and where they moved to, instead of the built-in map').env(
    'PORTOLAN_MAP',
  )
}

function revertOption(): Option {
  return flagOption('--revert', 'the other way: from the new names to the old ones', 'PORTOLAN_REVERT')
}

function jsonOption(description: string): Option {
  return flagOption('--json', description, 'PORTOLAN_JSON')
}

/** Not by commander's `env`: that would take `PORTOLAN_JSON=false` for a yes. */
function flagOption(flag: string, description: string, variable: string): Option {
  const option = new Option(flag, `${description} (env: ${variable})`)
  return ['1', 'true'].includes(process.env[variable] ?? '') ? option.default(!option.negate) : option
}

function fileOption(): Option {
  return new Option('--file <file>', 'the snapshot').env('PORTOLAN_FILE').default(RANGES_FILE)
}

function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  $ ${line}\n`).join('')}`
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}
