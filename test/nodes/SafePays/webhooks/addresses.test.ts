import fc from 'fast-check';

import { isLocal } from '../../../../nodes/SafePays/transport/addresses';
import { holds } from '../../../support/holds';

describe('An address that SafePays is to come to', () => {
	it.each([
		'http://localhost:5678',
		'http://LOCALHOST/webhook',
		'http://n8n.localhost',
		'http://127.0.0.1:5678/webhook/1',
		'http://127.1.2.3',
		'http://2130706433',
		'http://0.0.0.0:5678',
		'http://10.0.0.5',
		'http://172.16.0.1',
		'http://172.31.255.254',
		'https://192.168.178.20',
		'http://169.254.1.1',
		'http://n8n:5678',
		'http://my-nas.local',
		'http://n8n.internal',
		'http://box.lan',
		'http://[::1]:5678',
		'http://[::]',
		'http://[fd00::1]',
		'http://[fc12:3456::1]',
		'http://[fe80::1]',
		'http://[febf::1]',
		'http://100.101.102.103:5678',
		'http://box.home.arpa.',
	])('is local, so that it cannot: %s', (url) => {
		expect(isLocal(url)).toBe(true);
	});

	it.each([
		'https://n8n.example.com',
		'https://n8n.example.com:8443/webhook',
		'http://8.8.8.8',
		'http://172.15.0.1',
		'http://172.32.0.1',
		'http://192.169.0.1',
		'http://11.0.0.1',
		'https://localhost.example.com',
		'https://internal.example.com',
		'https://lan.party',
		'https://abc.ngrok-free.app',
		'http://[2001:db8::1]',
		'https://fe80.example.com',
		'http://100.63.0.1',
		'http://100.128.0.1',
	])('is one that it can come to: %s', (url) => {
		expect(isLocal(url)).toBe(false);
	});

	it('is not local if it is none', () => {
		holds(fc.string(), (text) => {
			if (!URL.canParse(text)) expect(isLocal(text)).toBe(false);
		});
	});

	it('is local in the private ranges of IPv4, and in no other', () => {
		const octet = fc.integer({ min: 0, max: 255 });
		fc.assert(
			fc.property(octet, octet, octet, octet, (a, b, c, d) => {
				const isPrivate =
					a === 10 ||
					a === 127 ||
					(a === 172 && b >= 16 && b <= 31) ||
					(a === 192 && b === 168) ||
					(a === 169 && b === 254) ||
					(a === 100 && b >= 64 && b <= 127) ||
					[a, b, c, d].join() === '0,0,0,0';
				expect(isLocal(`http://${a}.${b}.${c}.${d}/`)).toBe(isPrivate);
			}),
			{ numRuns: 2000 },
		);
	});
});
