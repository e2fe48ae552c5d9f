import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import packageFile from '../../package.json' with { type: 'json' }
import { PortolanError } from '../errors.ts'
import type { ExplainOptions } from './commands/explain.ts'
import type { RangesUpdateOptions } from './commands/ranges-update.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'

/** The range snapshot that commands make and read unless another is named. */
const RANGES_FILE = 'ranges.bin'

/** Runs one command line to its end; gives the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
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
    .addOption(new Option('-c, --config <file>', 'the config').env('PORTOLAN_CONFIG').makeOptionMandatory())
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
