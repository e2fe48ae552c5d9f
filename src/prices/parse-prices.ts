import { readDocument } from '../config/document.ts'
import {
  type ConfigFault,
  type ConfigPath,
  formatConfigPath,
  formatFault,
  type Remark,
  valueForFault,
} from '../config/fault.ts'
import { FAULTS_MAX, messageOf, remarksOf } from '../config/schema-remarks.ts'
import { PortolanError } from '../errors.ts'
import { checkPrices } from './check-prices.ts'
import type { PriceTable, RequestPrice, Scope, TransferPrice } from './price-table.ts'
import { type PriceFile, priceFileSchema } from './schema.ts'

const UNITS = { GB: 10n ** 9n, GiB: 2n ** 30n } as const

/**
 * Reads a file of prices, YAML or JSON. Throws `CONFIG_INVALID` with a line for each fault, which are also in
 * `facts.faults`: it is better to have no prices than wrong ones.
 */
export function parsePrices(text: string, file: string): PriceTable {
  const document = readDocument(text)
  if ('faults' in document) {
    throw refusal(document.faults.map(({ message, position }) => ({ file, path: '', message, ...position })))
  }
  const parsed = priceFileSchema.safeParse(document.value, { error: messageOf })
  const remarks: Remark[] = parsed.success
    ? [...checkPrices(parsed.data)]
    : parsed.error.issues.flatMap(remarksOf)
  if (!parsed.success || remarks.length > 0) {
    throw refusal(
      remarks.slice(0, FAULTS_MAX).map(({ path, message, key = false }) => {
        const value = key ? undefined : valueForFault(valueAt(document.value, path))
        const shown = value === undefined ? {} : { value }
        return { file, path: formatConfigPath(path), ...shown, message, ...document.locate(path, key) }
      }),
    )
  }
  return toTable(parsed.data)
}

/** Makes a table of a file of prices that is data already. Throws as {@link parsePrices} does. */
export function toPriceTable(content: object, file: string): PriceTable {
  return parsePrices(JSON.stringify(content), file)
}

function refusal(faults: readonly ConfigFault[]): PortolanError {
  return new PortolanError('CONFIG_INVALID', faults.map(formatFault).join('\n'), { faults })
}

function valueAt(root: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (node, step) => (typeof node === 'object' && node !== null ? Reflect.get(node, step) : undefined),
    root,
  )
}

function toTable(file: PriceFile): PriceTable {
  const { name, source, asOf, currency, unit, cloud, timezone, note, allowances } = file
  const scopeOf = ({
    from,
    to,
    in: where,
    free,
  }: PriceFile['requests'][number] | PriceFile['transfer'][number]): Scope => ({
    ...(from && { from: membersOf(from, file.groups) }),
    ...(to && { to }),
    ...(where && { in: membersOf(where, file.groups) }),
    ...(free !== undefined && { free }),
  })
  return {
    name,
    source,
    asOf,
    currency,
    unit: UNITS[unit],
    ...(cloud !== undefined && { cloud }),
    timezone,
    ...(note !== undefined && { note }),
    allowances: {
      transfer: new Map(Object.entries(allowances.transfer)),
      requests: new Map(Object.entries(allowances.requests)),
    },
    transfer: file.transfer.map((entry): TransferPrice => {
      const tiers = entry.tiers ?? [{ price: entry.price! }]
      return {
        ...scopeOf(entry),
        per: entry.per ?? 'account',
        tiers: tiers.map(({ upTo, price }: { upTo?: bigint | undefined; price: bigint | 'unknown' }) => ({
          ...(upTo !== undefined && { upTo }),
          ...(price !== 'unknown' && { price }),
        })),
      }
    }),
    requests: file.requests.map(
      (entry): RequestPrice => ({
        ...scopeOf(entry),
        ...(entry.method && { method: entry.method }),
        ...(entry.per10000 !== 'unknown' && { per10000: entry.per10000 }),
      }),
    ),
  }
}

/** Regions, countries and CDNs, with those of the groups that are named. */
function membersOf(names: readonly string[], groups: PriceFile['groups']): ReadonlySet<string> {
  return new Set(names.flatMap((name) => (Object.hasOwn(groups, name) ? groups[name]! : [name])))
}
