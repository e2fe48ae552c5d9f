import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Starts what runs processes before what only computes, so that no long file is left to run alone at the end. By itself,
 * Vitest goes by how long files took the last time, and on a bare clone by their size, where the longest are the smallest:
 * three lines that name a suite and a runtime.
 */
export class ProcessesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => /\/test\/(?:conformance|integration)\//.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}
