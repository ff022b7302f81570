//! Entries as Cisco's products read them.

use super::{Dialect, read};
use crate::packets::Side;
use crate::packets::tests::{Ask, ask};

fn ios(entries: &str, packet: &str) -> Ask {
    let text = format!(
        "object-group network PLC\n host 10.1.0.5\n 10.2.0.0 255.255.0.0\nobject-group service WEB\n tcp eq 443\n tcp range 8000 8010\n udp eq domain\nip access-list extended OT\n{entries}"
    );
    verdict(&text, "ip access-list extended OT", Dialect::Ios, packet)
}

fn verdict(text: &str, chain: &str, dialect: Dialect, packet: &str) -> Ask {
    let lists = read(text, dialect);
    let gates =
        [lists.gate(chain).unwrap_or_else(|| panic!("no {chain} in {:?}", lists.ruleset.chains.keys()))];
    ask(Side { ruleset: &lists.ruleset, gates: &gates }, packet)
}

#[test]
fn ios_entries_decide_as_the_device_does() {
    for (entries, packet, wanted) in [
        (" permit tcp any host 10.0.0.5 eq 502", "tcp 1.1.1.1 10.0.0.5 502", Ask::Accept),
        (" permit tcp any host 10.0.0.5 eq 502", "udp 1.1.1.1 10.0.0.5 502", Ask::Deny),
        (" deny tcp any any eq www\n permit ip any any", "tcp 1.1.1.1 2.2.2.2 80", Ask::Deny),
        (" 20 permit ip any any\n 10 deny udp any any eq snmp", "udp 1.1.1.1 2.2.2.2 161", Ask::Deny),
        // One without a number comes after the highest so far: here as 30, before 40 and after 20.
        (
            " 20 permit tcp any any eq 22\n deny ip any any\n 40 permit udp any any",
            "udp 1.1.1.1 2.2.2.2 9",
            Ask::Deny,
        ),
        (" permit udp any any\n 5 deny ip any any", "udp 1.1.1.1 2.2.2.2 9", Ask::Deny),
        (" permit ip 10.0.0.0 0.0.2.255 any", "tcp 10.0.2.9 2.2.2.2 1", Ask::Accept),
        (" permit ip 10.0.0.0 0.0.2.255 any", "tcp 10.0.1.9 2.2.2.2 1", Ask::Deny),
        (" permit tcp any any established", "tcp 1.1.1.1 2.2.2.2 22", Ask::Deny),
        (" permit tcp any any established", "established tcp 1.1.1.1 2.2.2.2 22", Ask::Accept),
        (" permit tcp any any eq 22 time-range shift", "tcp 1.1.1.1 2.2.2.2 22", Ask::Unknown),
        (" permit tcp any any eq 22 time-range shift", "tcp 1.1.1.1 2.2.2.2 23", Ask::Deny),
        (" permit tcp any any fragments\n deny ip any any", "tcp 1.1.1.1 2.2.2.2 23", Ask::Unknown),
        (" permit object-group WEB any object-group PLC", "tcp 1.1.1.1 10.2.9.9 8005", Ask::Accept),
        (" permit object-group WEB any object-group PLC", "tcp 1.1.1.1 10.3.9.9 8005", Ask::Deny),
        (" permit object-group WEB any object-group PLC", "udp 1.1.1.1 10.1.0.5 53", Ask::Accept),
        (" permit tcp any object-group GONE eq 1\n deny ip any any", "tcp 1.1.1.1 10.1.0.5 1", Ask::Unknown),
        (" permit tcp any range 1024 65535 any neq 25", "tcp 1.1.1.1 10.1.0.5 26", Ask::Accept),
        (" permit tcp any range 1024 65535 any neq 25", "tcp 1.1.1.1 10.1.0.5 25", Ask::Deny),
        (" permit icmp any any echo", "icmp 1.1.1.1 2.2.2.2 8", Ask::Accept),
        (" permit icmp any any echo", "icmp 1.1.1.1 2.2.2.2 0", Ask::Deny),
        (" permit icmp any any 3 4", "icmp 1.1.1.1 2.2.2.2 3", Ask::Deny),
        (" remark permit ip any any\n permit udp any any eq 53 log", "udp 1.1.1.1 2.2.2.2 53", Ask::Accept),
        // Without an entry IOS lets all pass; whether a remark is one, its reference does not say.
        (" remark permit ip any any", "udp 1.1.1.1 2.2.2.2 53", Ask::Unknown),
        ("", "udp 1.1.1.1 2.2.2.2 53", Ask::Unknown),
        (
            " permit udp any any eq 53\n no permit udp any any eq 53\n deny ip any any",
            "udp 1.1.1.1 2.2.2.2 53",
            Ask::Deny,
        ),
        (" 10 permit udp any any\n 20 deny ip any any\n no 10", "udp 1.1.1.1 2.2.2.2 53", Ask::Deny),
        (" 10 permit udp any any\n no 30", "udp 1.1.1.1 2.2.2.2 53", Ask::Unknown),
        ("permit udp any any eq 53\ndeny ip any any", "udp 1.1.1.1 2.2.2.2 53", Ask::Accept),
        (" permit tcp any any eq kerberos", "tcp 1.1.1.1 2.2.2.2 750", Ask::Unknown),
        (" permit tcp any any syn\n permit udp any any gt 1023", "udp 1.1.1.1 2.2.2.2 1023", Ask::Deny),
        (" permit tcp any any eq 80 oddity", "tcp 1.1.1.1 2.2.2.2 80", Ask::Unknown),
        (" permit ipsec-thing any any", "tcp 1.1.1.1 2.2.2.2 80", Ask::Unknown),
        (" evaluate BACK\n permit udp any any", "tcp 1.1.1.1 2.2.2.2 80", Ask::Unknown),
        (" deny tcp any any eq 513\n permit ip any any", "tcp 1.1.1.1 2.2.2.2 513", Ask::Deny),
        (" permit tcp any any eq login", "tcp 1.1.1.1 2.2.2.2 513", Ask::Accept),
        (" permit udp any any eq who", "udp 1.1.1.1 2.2.2.2 513", Ask::Accept),
    ] {
        assert_eq!(ios(entries, packet), wanted, "{entries} | {packet}");
    }
}

#[test]
fn numbered_lists_and_lists_of_ipv6() {
    let text = "access-list 10 permit 10.0.0.0 0.0.0.255\naccess-list 101 permit tcp any any eq 22\nipv6 access-list SIX\n sequence 20 permit tcp 2001:db8::/32 any eq 443\n deny ipv6 any host 2001:db8::9\n permit udp any any eq 53\nbanner motd ^C\naccess-list 10 permit any\n^C\n";
    let ask = |chain: &str, packet: &str| verdict(text, chain, Dialect::Ios, packet);
    assert_eq!(ask("ip access-list 10", "tcp 10.0.0.7 2.2.2.2 1"), Ask::Accept);
    assert_eq!(ask("ip access-list 10", "tcp 10.0.1.7 2.2.2.2 1"), Ask::Deny, "a banner is no list");
    assert_eq!(ask("ip access-list 101", "tcp 10.0.1.7 2.2.2.2 22"), Ask::Accept);
    assert_eq!(ask("ipv6 access-list SIX", "tcp 2001:db8::1 2001:db8::2 443"), Ask::Accept);
    assert_eq!(ask("ipv6 access-list SIX", "udp 2001:db8::1 2001:db8::9 53"), Ask::Deny);
    assert_eq!(
        ask("ipv6 access-list SIX", "icmp 2001:db8::1 2001:db8::2 135"),
        Ask::Accept,
        "neighbours are found"
    );
    // An IPv4 list says nothing about IPv6.
    assert_eq!(ask("ip access-list 101", "tcp 2001:db8::1 2001:db8::2 22"), Ask::Accept);
}

#[test]
fn asa_entries_decide_as_the_device_does() {
    let text = "name 10.7.7.7 historian\nobject network HMI\n host 10.5.0.9\nobject network WEB\n fqdn www.example.com\nobject network SPAN\n range 10.6.0.1 10.6.0.9\nobject service OPC\n service tcp destination eq 4840\n\
        object-group network CELLS\n network-object 172.16.0.0 255.255.255.0\n network-object object HMI\n group-object MORE\nobject-group network MORE\n network-object host 10.9.9.9\n\
        object-group service PLC tcp\n port-object eq 502\n port-object range 100 110\nobject-group service MIX\n service-object udp destination eq ntp\n service-object tcp source gt 1023 destination eq 22\n\
        object-group protocol TU\n protocol-object tcp\n protocol-object udp\nobject-group icmp-type PINGS\n icmp-object echo\n";
    for (entries, packet, wanted) in [
        (
            "access-list A extended permit tcp any object-group CELLS eq 443",
            "tcp 1.1.1.1 172.16.0.77 443",
            Ask::Accept,
        ),
        (
            "access-list A extended permit tcp any object-group CELLS eq 443",
            "tcp 1.1.1.1 10.9.9.9 443",
            Ask::Accept,
        ),
        (
            "access-list A extended permit tcp any object-group CELLS eq 443",
            "tcp 1.1.1.1 172.16.1.77 443",
            Ask::Deny,
        ),
        (
            "access-list A extended permit tcp any host historian object-group PLC",
            "tcp 1.1.1.1 10.7.7.7 105",
            Ask::Accept,
        ),
        ("access-list A extended permit object OPC any any", "tcp 1.1.1.1 10.7.7.7 4840", Ask::Accept),
        ("access-list A extended permit object-group MIX any any", "tcp 1.1.1.1 10.7.7.7 22", Ask::Accept),
        ("access-list A extended permit object-group MIX any any", "udp 1.1.1.1 10.7.7.7 124", Ask::Deny),
        (
            "access-list A extended permit object-group TU any any eq 53",
            "udp 1.1.1.1 10.7.7.7 53",
            Ask::Accept,
        ),
        (
            "access-list A extended permit icmp any any object-group PINGS",
            "icmp 1.1.1.1 10.7.7.7 8",
            Ask::Accept,
        ),
        (
            "access-list A extended permit icmp any any object-group PINGS",
            "icmp 1.1.1.1 10.7.7.7 0",
            Ask::Deny,
        ),
        ("access-list A extended permit tcp any object SPAN eq ssh", "tcp 1.1.1.1 10.6.0.9 22", Ask::Accept),
        ("access-list A extended permit tcp any object WEB eq ssh", "tcp 1.1.1.1 10.6.0.9 22", Ask::Unknown),
        ("access-list A extended permit tcp any any eq 22 inactive", "tcp 1.1.1.1 10.6.0.9 22", Ask::Deny),
        (
            "access-list A extended deny ip any any4 log warnings interval 60\naccess-list A extended permit ip any any",
            "tcp 2001:db8::1 2001:db8::2 22",
            Ask::Accept,
        ),
        (
            "access-list A line 1 extended permit ip 10.0.0.0 255.0.0.0 any time-range nights",
            "tcp 10.1.1.1 2.2.2.2 22",
            Ask::Unknown,
        ),
        (
            "access-list A extended permit ip object-group-user U any any",
            "tcp 10.1.1.1 2.2.2.2 22",
            Ask::Unknown,
        ),
        ("access-list A standard permit 10.0.0.0 255.0.0.0", "tcp 10.1.1.1 2.2.2.2 22", Ask::Accept),
        (
            "access-list A remark permit all\naccess-list A extended deny ip any any",
            "tcp 10.1.1.1 2.2.2.2 22",
            Ask::Deny,
        ),
    ] {
        assert_eq!(
            verdict(
                &format!("{text}{entries}\naccess-group A in interface outside\n"),
                "access-list A",
                Dialect::Asa,
                packet
            ),
            wanted,
            "{entries} | {packet}"
        );
    }
}

#[test]
fn groups_that_hold_themselves_end() {
    let text = "object-group network A\n group-object B\nobject-group network B\n group-object A\n host 10.0.0.1\nip access-list extended L\n permit ip object-group A any\n";
    assert_eq!(
        verdict(text, "ip access-list extended L", Dialect::Ios, "tcp 9.9.9.9 1.1.1.1 1"),
        Ask::Unknown
    );
}

#[test]
fn a_command_of_asa_goes_to_the_line_that_it_names() {
    let list =
        "access-list A extended permit udp any any eq 53\naccess-list A extended permit tcp any any eq 22\n";
    for (line, wanted) in [(1, Ask::Deny), (2, Ask::Deny), (3, Ask::Accept), (99, Ask::Accept)] {
        let text = format!("{list}access-list A line {line} extended deny tcp any any\n");
        assert_eq!(
            verdict(&text, "access-list A", Dialect::Asa, "tcp 1.1.1.1 2.2.2.2 22"),
            wanted,
            "line {line}"
        );
    }
}

#[test]
fn an_object_is_what_all_its_sections_say() {
    let text = "object network HMI\n host 10.5.0.9\nobject network BARE\n description nothing yet\n\
        object-group network CELLS\n network-object host 10.1.0.1\nobject-group network CELLS\n network-object host 10.1.0.2\n\
        object network HMI\n nat (inside,outside) static 192.0.2.9\n\
        object network MOVED\n host 10.8.0.1\nobject network MOVED\n host 10.8.0.2\n";
    for (target, packet, wanted) in [
        ("object HMI", "tcp 1.1.1.1 10.5.0.9 22", Ask::Accept),
        ("object HMI", "tcp 1.1.1.1 10.5.0.8 22", Ask::Deny),
        ("object-group CELLS", "tcp 1.1.1.1 10.1.0.1 22", Ask::Accept),
        ("object-group CELLS", "tcp 1.1.1.1 10.1.0.2 22", Ask::Accept),
        ("object MOVED", "tcp 1.1.1.1 10.8.0.1 22", Ask::Deny),
        ("object MOVED", "tcp 1.1.1.1 10.8.0.2 22", Ask::Accept),
        ("object BARE", "tcp 1.1.1.1 10.8.0.2 22", Ask::Unknown),
    ] {
        let text = format!("{text}access-list A extended permit tcp any {target} eq ssh\n");
        assert_eq!(verdict(&text, "access-list A", Dialect::Asa, packet), wanted, "{target} | {packet}");
    }
}

#[test]
fn a_command_of_asa_takes_an_entry_away() {
    let text = "access-list A extended permit ip any any\naccess-list A extended deny tcp any any\nno access-list A extended permit ip any any\n";
    assert_eq!(verdict(text, "access-list A", Dialect::Asa, "tcp 1.1.1.1 2.2.2.2 22"), Ask::Deny);
}

#[test]
fn a_list_for_the_device_itself_is_bound_nowhere_else() {
    let text = "access-list A extended permit tcp any any\naccess-list M extended deny ip any any\naccess-group A in interface outside\naccess-group M in interface outside control-plane\n";
    let bound: Vec<String> = read(text, Dialect::Asa).bindings.into_iter().map(|own| own.chain).collect();
    assert_eq!(bound, ["access-list A"]);
}

#[test]
fn a_binding_that_is_not_understood_decides_nothing() {
    for (dialect, text, command) in [
        (
            Dialect::Asa,
            "access-list A extended permit tcp any any\naccess-group A in interface outside per-user-override\n",
            "access-group A in interface outside per-user-override",
        ),
        (
            Dialect::Ios,
            "ip access-list extended A\n permit tcp any any\ninterface Gi0/1\n ip access-group A common B in\n",
            "ip access-group A common B in",
        ),
    ] {
        let bound: Vec<String> = read(text, dialect).bindings.into_iter().map(|own| own.chain).collect();
        assert_eq!(bound, [command]);
        assert_eq!(verdict(text, command, dialect, "tcp 1.1.1.1 2.2.2.2 22"), Ask::Unknown, "{command}");
    }
}
