import { describe, expect, it } from 'vitest'
import { readPullEvent } from './pull-event.ts'

const event = (reason: string, message: string, more: object = {}) => ({
  metadata: { name: 'web-1.17', namespace: 'shop', creationTimestamp: '2026-01-01T00:00:00Z' },
  involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-1', fieldPath: 'spec.containers{app}' },
  ...{
    reason,
    message,
    count: 3,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:10:00Z',
  },
  ...more,
})
const PAUSE = 'k8s.gcr.io/pause:3.5'
const NOT_FOUND = `rpc error: code = NotFound desc = failed to pull and unpack image "${PAUSE}": failed to resolve reference "${PAUSE}": ${PAUSE}: not found`
const ID = 'a1'.repeat(32)

describe('an event about a pull', () => {
  it.each([
    [
      'Failed',
      `Failed to pull image "${PAUSE}": ${NOT_FOUND}`,
      { reason: 'ErrImagePull', image: PAUSE, message: NOT_FOUND },
    ],
    [
      'Failed',
      `(combined from similar events): Failed to pull image "${PAUSE}": gone`,
      { reason: 'ErrImagePull', image: PAUSE, message: 'gone' },
    ],
    ['Failed', 'Error: ErrImagePull', { reason: 'ErrImagePull' }],
    ['Failed', 'Error: ImagePullBackOff', { reason: 'ImagePullBackOff' }],
    ['BackOff', `Back-off pulling image "${PAUSE}"`, { reason: 'ImagePullBackOff', image: PAUSE }],
    [
      'BackOff',
      `Back-off pulling image "${PAUSE}": ErrImagePull: ${NOT_FOUND}`,
      { reason: 'ImagePullBackOff', image: PAUSE, message: NOT_FOUND },
    ],
    [
      'ErrImageNeverPull',
      `Container image "${PAUSE}" is not present with pull policy of Never`,
      { reason: 'ErrImageNeverPull', image: PAUSE },
    ],
    [
      'InspectFailed',
      'Failed to apply default image tag "UPPER": couldn\'t parse image name "UPPER": invalid reference format',
      {
        reason: 'InvalidImageName',
        image: 'UPPER',
        message: 'couldn\'t parse image name "UPPER": invalid reference format',
      },
    ],
    [
      'FailedCreatePodSandBox',
      `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox image "${PAUSE}": failed to pull image "${PAUSE}": 403 Forbidden`,
      { reason: 'FailedCreatePodSandBox', image: PAUSE },
    ],
    [
      'FailedCreatePodSandBox',
      `Failed create pod sandbox: rpc error: code = Unknown desc = failed pulling image "gcr.io/google_containers/pause-amd64:3.0": Error response from daemon`,
      { reason: 'FailedCreatePodSandBox', image: 'gcr.io/google_containers/pause-amd64:3.0' },
    ],
    [
      'FailedCreatePodSandBox',
      'Failed to create pod sandbox: rpc error: code = Unknown desc = error creating pod sandbox with name "k8s_web-1_shop": initializing source docker://k8s.gcr.io/pause:3.5: pinging container registry k8s.gcr.io: timeout',
      {
        reason: 'FailedCreatePodSandBox',
        image: PAUSE,
        message:
          'Failed to create pod sandbox: rpc error: code = Unknown desc = error creating pod sandbox: initializing source docker://k8s.gcr.io/pause:3.5: pinging container registry k8s.gcr.io: timeout',
      },
    ],
  ])('is understood by the words of the kubelet: %s, %s', (reason, message, expected) => {
    expect(readPullEvent(event(reason, message))).toMatchObject({
      ...{ pod: 'shop/web-1', field: 'spec.containers{app}', count: 3, lastSeen: '2026-01-01T00:10:00Z' },
      ...expected,
    })
  })

  it.each([
    ['BackOff', 'Back-off restarting failed container app in pod web-1'],
    [
      'FailedCreatePodSandBox',
      `Failed to create pod sandbox: failed to setup network for sandbox "${ID}": no address`,
    ],
    ['Failed', 'Error: CreateContainerConfigError'],
    ['FailedScheduling', '0/3 nodes are available'],
    ['Pulled', `Successfully pulled image "${PAUSE}" in 1s`],
  ])('is no other one: %s, %s', (reason, message) => {
    expect(readPullEvent(event(reason, message))).toBeUndefined()
  })

  it.each([null, 1, 'x', {}, { involvedObject: { kind: 'Node', name: 'n' } }])('is not %j', (item) => {
    expect(readPullEvent(item)).toBeUndefined()
  })

  it.each<[string, object, { count: number; lastSeen: string }]>([
    [
      'a series, as events.k8s.io makes them',
      {
        ...{
          count: null,
          firstTimestamp: null,
          lastTimestamp: null,
          eventTime: '2026-01-01T00:00:00.000000Z',
        },
        series: { count: 7, lastObservedTime: '2026-01-01T01:00:00.123456Z' },
      },
      { count: 7, lastSeen: '2026-01-01T01:00:00.123456Z' },
    ],
    [
      'a single one, as events.k8s.io makes them',
      { count: 0, firstTimestamp: null, lastTimestamp: null, eventTime: '2026-01-01T00:00:00.000000Z' },
      { count: 1, lastSeen: '2026-01-01T00:00:00.000000Z' },
    ],
    [
      'one without times',
      { lastTimestamp: null, firstTimestamp: null },
      { count: 3, lastSeen: '2026-01-01T00:00:00Z' },
    ],
  ])('says how often and when: %s', (_, more, expected) => {
    expect(readPullEvent(event('Failed', 'Error: ErrImagePull', more))).toMatchObject(expected)
  })

  it('is the same one on each try, short, on one line, and tells no secret', () => {
    const said = (port: number, id: string, signature: string) =>
      readPullEvent(
        event(
          'Failed',
          `Failed to pull image "${PAUSE}": sandbox "${id}"\n\tread tcp 10.0.0.5:${port}->142.250.1.82:443: reset; Get "https://me:${signature}@store.example/x?sig=${signature}"; sha256:${ID} ${'x'.repeat(5000)}`,
        ),
      )
    const one = said(40_001, ID, 'hush')
    expect(one).toEqual(said(51_234, 'b2'.repeat(32), 'other'))
    expect(one?.message).toMatch(
      /^sandbox "…" read tcp 142\.250\.1\.82:443: reset; Get "https:\/\/…@store\.example\/x\?…"; sha256:(?:a1){32} x+…$/,
    )
    expect(one?.message).toHaveLength(1500)
  })
})
