import type { AnyFamily } from './text-format.ts'

/** What another process has counted of one family, as plain data. */
export interface FamilySnapshot {
  readonly name: string
  readonly type: 'counter' | 'histogram' | 'gauge'
  readonly series: readonly SeriesSnapshot[]
}

/** The values of the labels, and the number; of a histogram the sum, with how many fell into each bucket. */
export interface SeriesSnapshot {
  readonly values: readonly string[]
  readonly value: number
  readonly counts?: readonly number[]
}

/** Reads families. Gauges that say the same in every process are left out: one process tells them for all. */
export function snapshotFamilies(families: readonly AnyFamily[]): FamilySnapshot[] {
  return families
    .filter((family) => family.type !== 'gauge' || family.merge !== undefined)
    .map((family) => ({ name: family.name, type: family.type, series: [...seriesOf(family)] }))
}

/** Our families with what others have counted added to them. What others say of families that we do not have is left out. */
export function mergeFamilies(
  own: readonly AnyFamily[],
  others: readonly (readonly FamilySnapshot[])[],
): AnyFamily[] {
  return own.map((family) => {
    const same = others.flatMap((all) => all.filter(({ name, type }) => isOf(family, name, type)))
    return same.length === 0 ? family : mergeFamily(family, [{ series: [...seriesOf(family)] }, ...same])
  })
}

/** What processes that are gone have counted, in all: what goes up and down is gone with them. */
export function addCounts(
  before: readonly FamilySnapshot[],
  more: readonly FamilySnapshot[],
): FamilySnapshot[] {
  const names = new Map([...before, ...more].map(({ name, type }) => [name, type]))
  return [...names]
    .filter(([, type]) => type !== 'gauge')
    .map(([name, type]) => {
      const same = [...before, ...more].filter((family) => family.name === name)
      return { name, type, series: [...addUp(same, sum).values()] }
    })
}

function isOf(family: AnyFamily, name: string, type: string): boolean {
  if (family.name !== name || family.type !== type) return false
  return family.type !== 'gauge' || family.merge !== undefined
}

function* seriesOf(family: AnyFamily): Generator<SeriesSnapshot> {
  switch (family.type) {
    case 'gauge':
      for (const [values, value] of family.series()) yield { values, value }
      return
    case 'counter':
      for (const [values, { value }] of family.series()) yield { values, value }
      return
    case 'histogram':
      for (const [values, { counts, sum }] of family.series()) yield { values, value: sum, counts }
  }
}

type Add = (one: number, other: number) => number
const sum: Add = (one, other) => one + other

function mergeFamily(family: AnyFamily, parts: readonly Pick<FamilySnapshot, 'series'>[]): AnyFamily {
  const merged = addUp(parts, family.type === 'gauge' && family.merge === 'max' ? Math.max : sum)
  const series = [...merged.values()]
  const { name, help, labels } = family
  switch (family.type) {
    case 'gauge':
      return { name, help, labels, type: 'gauge', series: () => series.map((one) => [one.values, one.value]) }
    case 'counter':
      return { name, help, labels, type: 'counter', series: () => series.map((one) => [one.values, one]) }
    case 'histogram': {
      const { bounds } = family
      const distributions = series
        .filter(({ counts }) => counts?.length === bounds.length + 1)
        .map(({ values, value, counts }) => [values, { counts: counts!, sum: value }] as const)
      return { name, help, labels, type: 'histogram', bounds, series: () => distributions }
    }
  }
}

function addUp(parts: readonly Pick<FamilySnapshot, 'series'>[], add: Add): Map<string, SeriesSnapshot> {
  const merged = new Map<string, SeriesSnapshot>()
  for (const { series } of parts) {
    for (const one of series) {
      const key = JSON.stringify(one.values)
      const before = merged.get(key)
      merged.set(key, before === undefined ? one : addSeries(before, one, add))
    }
  }
  return merged
}

function addSeries(one: SeriesSnapshot, other: SeriesSnapshot, add: Add): SeriesSnapshot {
  const { values, counts } = one
  return {
    values,
    value: add(one.value, other.value),
    ...(counts && { counts: counts.map((count, bucket) => count + (other.counts?.[bucket] ?? 0)) }),
  }
}
