import { defineCauses } from '../cause.ts'

/** What goes wrong between a connection and the first answer. */
export const TLS_CAUSES = defineCauses({
  'tls-unknown-authority': {
    step: 'tls',
    owner: 'this machine',
    is: 'nobody that this machine trusts has signed the certificate of {host}',
    because: [
      'the registry has a certificate of its own or of a private authority, which the runtime was not told of',
      'a proxy inspects TLS and shows a certificate of its own',
      'the authority was installed, and the runtime not restarted since',
      'the server does not send the intermediate certificate',
    ],
    try: [
      'who signed it: `openssl s_client -connect {host}:{port} -servername {host} -showcerts </dev/null`',
      'for the whole machine: put the authority into /usr/local/share/ca-certificates (`update-ca-certificates`) or /etc/pki/ca-trust/source/anchors (`update-ca-trust`), and restart the runtime',
      'for one registry: /etc/containerd/certs.d/{host}/hosts.toml with `ca`, /etc/docker/certs.d/{host}/ca.crt, /etc/containers/certs.d/{host}/ca.crt',
    ],
  },
  'restart-needed': {
    step: 'tls',
    owner: 'this machine',
    is: '{runtime} has been running since before the authority of {host} was installed, and does not know it',
    because: [
      'programs of Go read the authorities of the machine once, when they first need them',
      'a proxy that inspects TLS was set up, and its authority given to machines that run',
    ],
    try: [
      '`systemctl restart {unit}`; containers go on, those of Docker only where `live-restore` is set',
      'or without a restart, since these are read for every pull: `ca` in /etc/containerd/certs.d/{host}/hosts.toml, /etc/docker/certs.d/{host}/ca.crt',
    ],
  },
  'tls-name-mismatch': {
    step: 'tls',
    owner: 'the registry',
    is: 'the certificate is not for {host}',
    because: [
      'the registry is asked by another name or by its address',
      'the name leads to another machine: a wrong record, a captive portal, a default site',
      'an old certificate has its name only in the common name, which nobody reads any more',
    ],
    try: [
      'the names it has: `openssl s_client -connect {host}:{port} -servername {host} </dev/null | openssl x509 -noout -ext subjectAltName`',
      '`getent ahosts {host}`: is that the machine?',
      'ask by a name that it has, or issue it anew with {host} as subjectAltName',
    ],
  },
  'tls-expired': {
    step: 'tls',
    owner: 'the registry',
    is: 'the certificate of {host} has expired',
    because: ['it was not renewed, or the server not reloaded since', 'the clock of this machine is ahead'],
    try: [
      '`openssl s_client -connect {host}:{port} -servername {host} </dev/null | openssl x509 -noout -dates`',
      '`date -u`: is that the time?',
    ],
  },
  clock: {
    step: 'tls',
    owner: 'this machine',
    is: 'the clock of this machine is wrong, by what {host} shows',
    because: [
      'the machine has started without a network or with an empty battery, and time is not synchronised',
    ],
    try: [
      '`date -u`: is that the time?',
      '`timedatectl`, then `systemctl restart systemd-timesyncd` or `chronyc makestep`',
    ],
  },
  'tls-handshake': {
    step: 'tls',
    owner: 'the registry',
    is: '{host} and the client have no kind of TLS in common',
    because: [
      'the server knows only old versions or ciphers of TLS, which clients refuse by now',
      'a proxy that inspects TLS does not know the new ones',
    ],
    try: [
      '`openssl s_client -connect {host}:{port} -servername {host} -tls1_2 </dev/null`',
      'have the server speak TLS 1.2 or 1.3 with ciphers of ECDHE',
    ],
  },
  'tls-client-certificate': {
    step: 'tls',
    owner: 'this machine',
    is: '{host} wants to see a certificate of the client',
    because: ['the runtime has none for this host, or one that the server does not accept'],
    try: [
      'containerd: `client` in /etc/containerd/certs.d/{host}/hosts.toml',
      'Docker and Podman: client.cert and client.key in /etc/docker/certs.d/{host} or /etc/containers/certs.d/{host}',
    ],
  },
  'plain-http': {
    step: 'tls',
    owner: 'this machine',
    is: '{host} speaks plain HTTP, and the client TLS',
    because: [
      'the registry has no TLS, and the client was not told so',
      'the port is the one for plain HTTP',
      'a proxy or captive portal answers in its place',
    ],
    try: [
      '`curl -v http://{host}:{port}/v2/`',
      'better: give the registry TLS',
      'else: containerd `server = "http://{host}:{port}"` in certs.d/{host}:{port}/hosts.toml; Docker "insecure-registries" in /etc/docker/daemon.json; Podman and CRI-O `insecure = true` in registries.conf; tools --plain-http, --insecure or --tls-verify=false',
    ],
  },
  'https-required': {
    step: 'tls',
    owner: 'this machine',
    is: '{host} speaks TLS, and the client plain HTTP',
    because: ['the client was told to speak plain HTTP: --plain-http, an http:// in hosts.toml or the like'],
    try: ['`curl -v https://{host}:{port}/v2/`', 'ask by https, without the option for plain HTTP'],
  },
  'not-http': {
    step: 'http',
    owner: 'the network',
    is: 'what listens at {host}, port {port}, is no web server',
    because: ['the port is that of another service', 'something in between answers for it'],
    try: ['`nc {host} {port} </dev/null | head -c 200`: what does it say?', 'correct the port'],
  },
})
