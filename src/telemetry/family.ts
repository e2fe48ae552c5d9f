/** What all series of one name share. */
export interface Description<Labels extends readonly string[] = readonly string[]> {
  readonly name: string
  readonly help: string
  readonly labels: Labels
}

/** One value for each label of a family, in their order. */
export type LabelValues<Labels extends readonly string[]> = { readonly [K in keyof Labels]: string }

/** Series of one name, told apart by the values of their labels. */
export class Family<const Labels extends readonly string[], Series> implements Description<Labels> {
  readonly name: string
  readonly help: string
  readonly labels: Labels
  readonly #make: () => Series
  /** Maps in maps, one level a label, so that finding a series on the hot path builds no string. */
  readonly #root: Level<Series> = new Map()

  constructor({ name, help, labels }: Description<Labels>, make: () => Series) {
    this.name = name
    this.help = help
    this.labels = labels
    this.#make = make
  }

  /** The series with these label values, made when it is new. It stays, so no value may come from a client. */
  at(...values: LabelValues<Labels>): Series {
    const last = values.length - 1
    let level = this.#root
    for (let index = 0; index < last; index++) {
      const value = values[index]!
      let next = level.get(value) as Level<Series> | undefined
      if (next === undefined) {
        next = new Map()
        level.set(value, next)
      }
      level = next
    }
    // Without labels there is one series, under a name of our own.
    const value = values[last] ?? SOLE
    let series = level.get(value) as Series | undefined
    if (series === undefined) {
      series = this.#make()
      level.set(value, series)
    }
    return series
  }

  /** Every series with its label values. */
  series(): Iterable<readonly [values: readonly string[], series: Series]> {
    const { length } = this.labels
    return walk(this.#root, [])

    function* walk(level: Level<Series>, before: readonly string[]): Generator<[readonly string[], Series]> {
      for (const [value, next] of level) {
        const values = length === 0 ? [] : [...before, value]
        if (values.length === length) yield [values, next as Series]
        else yield* walk(next as Level<Series>, values)
      }
    }
  }

  /** Drops the series in which the value of a label does not hold. */
  keep(label: Labels[number], holds: (value: string) => boolean): void {
    prune(this.#root, this.labels.indexOf(label))

    function prune(level: Level<Series>, depth: number): void {
      for (const [value, next] of level) {
        if (depth > 0) prune(next as Level<Series>, depth - 1)
        else if (!holds(value)) level.delete(value)
      }
    }
  }
}

const SOLE = ''

/** The next level, or on the last one a series. */
type Level<Series> = Map<string, unknown | Series>

/** A number that only grows; counted up in place, so that counting costs one addition. */
export interface Count {
  value: number
}

export class CounterFamily<const Labels extends readonly string[]> extends Family<Labels, Count> {
  readonly type = 'counter'

  constructor(description: Description<Labels>) {
    super(description, () => ({ value: 0 }))
  }
}

/** How often a value fell into which bucket: the first whose bound it does not exceed. */
export class Distribution {
  /** One for each bound, and one for what exceeds them all. */
  readonly counts: number[]
  sum = 0
  readonly #bounds: readonly number[]

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.counts = new Array(bounds.length + 1).fill(0)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++
    this.counts[bucket]!++
    this.sum += value
  }
}

export class HistogramFamily<const Labels extends readonly string[]> extends Family<Labels, Distribution> {
  readonly type = 'histogram'
  /** Upper bounds of the buckets, ascending; that of the last, infinity, is left out. */
  readonly bounds: readonly number[]

  constructor(description: Description<Labels> & { readonly bounds: readonly number[] }) {
    super(description, () => new Distribution(description.bounds))
    this.bounds = description.bounds
  }
}

/** Numbers that go up and down: read when somebody asks. */
export interface GaugeFamily extends Description {
  readonly type: 'gauge'
  /** What several processes say of it comes to; absent where all say the same, and one tells it for all. */
  readonly merge?: 'sum' | 'max'
  series(): Iterable<readonly [values: readonly string[], value: number]>
}
