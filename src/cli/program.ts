import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import packageFile from '../../package.json' with { type: 'json' }
import { PortolanError } from '../errors.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'

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
    .description('run a whole world on this machine: an upstream, stores, sample images, and the door')
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

/** Not by commander's `env`: that would take `PORTOLAN_JSON=false` for a yes. */
function jsonOption(description: string): Option {
  const option = new Option('--json', `${description} (env: PORTOLAN_JSON)`)
  return ['1', 'true'].includes(process.env.PORTOLAN_JSON ?? '') ? option.default(true) : option
}

function examples(...lines: readonly string[]): string {
  return `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map((line) => `  $ ${line}\n`).join('')}`
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}
