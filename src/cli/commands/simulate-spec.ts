import { parseSize } from '../../config/byte-size.ts'
import { refused } from '../../config/refusal.ts'
import { FORMAT_IDS } from '../../simulate/logs/logged-request.ts'
import { any, defineCommand, type OptionsOf } from '../spec/command-spec.ts'
import {
  asText,
  list,
  oneOf,
  type ReadText,
  switchOption,
  value,
  valueOr,
  wholeNumber,
} from '../spec/option-spec.ts'
import { jsonOptions } from '../spec/shared-options.ts'

/** The tables in src/prices/shipped.ts, which loads them all. */
const shippedNames = 'aws, azure, cdn, gcp'

const size: ReadText<number> = (text) => parseSize(text) ?? refused('must be a size such as 6MiB')

const inventory: ReadText<string> = (text) =>
  /^[^=]+=./.test(text) ? text : refused('must be ID=FILE, such as paris=paris.inventory')

export const SIMULATE = defineCommand({
  name: 'simulate',
  description: 'replay the log of a registry against configs: who would answer what, and what changes',
  argument: any('log', 'files, also in gzip or zstd; - for standard input'),
  options: {
    config: list(
      '<file>',
      'a policy to try; given several times, each is compared with the first one',
      asText,
    ),
    down: list('<id>', 'as if this backend were down; with one config, it is compared with that as it is'),
    withoutSponsor: list(
      '<id>',
      'as if this sponsor paid no more, and its backends were down; compared as with --down',
    ),
    inventory: list(
      '<id=file>',
      'what a store holds, as sync leaves it there; a store without is taken to hold everything',
      inventory,
    ),
    synthetic: switchOption(
      'instead of logs: a month of made-up pulls, as a large public registry has them, each standing for many',
    ),
    requests: valueOr('<count>', 'of --synthetic, so many', wholeNumber(1, 100_000_000), ['600000', 600_000]),
    seed: valueOr('<number>', 'of --synthetic: another one makes another log', wholeNumber(0, 999_999_999), [
      '1',
      1,
    ]),
    write: value('<file>', 'of --synthetic: write the log, too; without --config, do no more', asText, {
      destructive: true,
    }),
    format: value('<form>', 'of the logs (default: found out of each)', oneOf(FORMAT_IDS)),
    prices: list(
      '<table>',
      `what backends cost: ${shippedNames}, or a file; a table of a cloud is for the backends there, one of a CDN for those at anycast`,
    ),
    fillFrom: value('<id>', 'where CDNs fetch what they lack (default: the canonical upstream)', asText),
    times: value(
      '<count>',
      'each request of the logs stands for so many: of a sample, or of a day for a month (default: 1)',
      wholeNumber(1, 999_999_999),
    ),
    blobSize: valueOr(
      '<size>',
      'what a blob is taken to weigh that neither the log nor an inventory knows',
      size,
      ['6MiB', 6 * 1024 ** 2],
    ),
    maxUnknown: valueOr(
      '<percent>',
      'end with 1 when more of the lines than this cannot be read',
      wholeNumber(0, 100),
      ['5', 5],
    ),
    threads: value('<count>', 'that read and replay (default: one for each core)', wholeNumber(1, 256)),
    html: value('<file>', 'write it as a page, too: with charts, and with nothing from elsewhere', asText, {
      destructive: true,
    }),
    ...jsonOptions('print all of it as JSON'),
  },
  rules: [
    { kind: 'need', option: 'html', needs: 'config', why: 'it shows what policies do' },
    { kind: 'need', option: 'write', needs: 'synthetic', why: 'what is written is the log that it makes' },
    {
      kind: 'check',
      fault({ config, synthetic, write }, logs) {
        if (config === undefined && write === undefined) return '--config is required: the policy to try'
        if (synthetic && logs.length > 0) return '--synthetic makes a log: name none with it'
        if (!synthetic && logs.length === 0)
          return 'name what to replay: the files of a log, - for standard input, or --synthetic'
        return logs.filter((log) => log === '-').length > 1 ? 'standard input can be read once' : undefined
      },
    },
  ],
  examples: [
    'portolan simulate access.log --config portolan.yaml',
    'portolan simulate *.log.gz --config today.yaml --config tomorrow.yaml',
    'portolan simulate access.log --config portolan.yaml --down paris',
    'portolan simulate day.log.gz --times 30 --config portolan.yaml --prices aws --prices gcp',
    'portolan simulate --synthetic --config portolan.yaml',
    'portolan simulate --synthetic --requests 20000 --write access.log',
    'portolan simulate access.log --config now.yaml --config then.yaml --html report.html',
    'kubectl logs deploy/door | portolan simulate - --config portolan.yaml --json',
  ],
})

export type SimulateOptions = OptionsOf<typeof SIMULATE>
