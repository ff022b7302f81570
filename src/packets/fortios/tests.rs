//! Policies as a FortiGate reads them.

use super::read;
use crate::packets::Side;
use crate::packets::tests::{Ask, ask};

const OBJECTS: &str = r#"
config firewall address
    edit "cell"
        set subnet 10.20.104.0 255.255.255.0
    next
    edit "span"
        set type iprange
        set start-ip 10.1.0.1
        set end-ip 10.1.0.9
    next
    edit "empty"
    next
    edit "names"
        set type fqdn
        set fqdn "www.example.com"
    next
end
config firewall address6
    edit "six"
        set ip6 2001:db8::/32
    next
end
config firewall addrgrp
    edit "both"
        set member "cell" "span"
    next
end
config system zone
    edit "OT"
        set interface "port3" "port4"
    next
end
config firewall service custom
    edit "opcua"
        set tcp-portrange 4840
        set comment "two
lines"
    next
    edit "odd"
        set tcp-portrange 443:1024-65535 8443
        set udp-portrange 50-60
    next
end
config firewall service group
    edit "all of it"
        set member "opcua" "odd" "DNS"
    next
end
"#;

fn verdict(policies: &str, packet: &str) -> Ask {
    let text = format!("{OBJECTS}config firewall policy\n{policies}\nend\n");
    let policies = read(&text).unwrap_or_else(|why| panic!("{why:?}"));
    let gates = [policies.gate("firewall policy")];
    ask(Side { ruleset: &policies.ruleset, gates: &gates }, packet)
}

fn policy(number: u32, more: &str) -> String {
    format!("edit {number}\nset srcintf \"any\"\nset dstintf \"any\"\nset schedule \"always\"\n{more}\nnext")
}

#[test]
fn policies_decide_as_the_device_does() {
    let to_cell = "set srcaddr \"all\"\nset dstaddr \"cell\"\nset service \"opcua\"\nset action accept";
    for (policies, packet, wanted) in [
        (policy(1, to_cell), "tcp 1.1.1.1 10.20.104.7 4840", Ask::Accept),
        (policy(1, to_cell), "tcp 1.1.1.1 10.20.105.7 4840", Ask::Deny),
        (policy(1, &to_cell.replace("set action accept", "")), "tcp 1.1.1.1 10.20.104.7 4840", Ask::Deny),
        (policy(1, &format!("{to_cell}\nset status disable")), "tcp 1.1.1.1 10.20.104.7 4840", Ask::Deny),
        (policy(1, &format!("{to_cell}\nset nat enable")), "tcp 1.1.1.1 10.20.104.7 4840", Ask::Unknown),
        (policy(1, &format!("{to_cell}\nset nat enable")), "tcp 1.1.1.1 10.20.104.7 4841", Ask::Deny),
        (
            policy(1, &format!("{to_cell}\nset groups \"staff\"")),
            "tcp 1.1.1.1 10.20.104.7 4840",
            Ask::Unknown,
        ),
        (policy(1, &to_cell.replace("\"cell\"", "\"empty\"")), "tcp 1.1.1.1 9.9.9.9 4840", Ask::Accept),
        (policy(1, &to_cell.replace("\"cell\"", "\"names\"")), "tcp 1.1.1.1 9.9.9.9 4840", Ask::Unknown),
        (policy(1, &to_cell.replace("\"cell\"", "\"gone\"")), "tcp 1.1.1.1 9.9.9.9 4840", Ask::Unknown),
        (policy(1, &to_cell.replace("\"cell\"", "\"both\"")), "tcp 1.1.1.1 10.1.0.9 4840", Ask::Accept),
        (
            policy(1, &to_cell.replace("\"opcua\"", "\"all of it\"")),
            "udp 1.1.1.1 10.20.104.7 53",
            Ask::Accept,
        ),
        (policy(1, &to_cell.replace("\"opcua\"", "\"odd\"")), "tcp 1.1.1.1 10.20.104.7 443", Ask::Accept),
        (policy(1, &to_cell.replace("\"opcua\"", "\"PING\"")), "icmp 1.1.1.1 10.20.104.7 8", Ask::Accept),
        (
            policy(1, &to_cell.replace("\"opcua\"", "\"nobody knows\"")),
            "tcp 1.1.1.1 10.20.104.7 1",
            Ask::Unknown,
        ),
        (
            policy(1, &to_cell.replace("\"always\"", "\"nights\"")),
            "tcp 1.1.1.1 10.20.104.7 4840",
            Ask::Accept,
        ),
        (
            policy(1, &format!("{to_cell}\nset schedule \"nights\"")),
            "tcp 1.1.1.1 10.20.104.7 4840",
            Ask::Unknown,
        ),
        (
            policy(1, "set srcaddr6 \"six\"\nset dstaddr6 \"all\"\nset service \"ALL\"\nset action accept"),
            "tcp 2001:db8::1 2001:db9::2 80",
            Ask::Accept,
        ),
        (
            policy(1, "set srcaddr6 \"six\"\nset dstaddr6 \"all\"\nset service \"ALL\"\nset action accept"),
            "tcp 1.1.1.1 2.2.2.2 80",
            Ask::Deny,
        ),
        (
            policy(1, to_cell).replace("set srcintf \"any\"", "set srcintf \"OT\""),
            "port3 tcp 1.1.1.1 10.20.104.7 4840",
            Ask::Accept,
        ),
        (
            policy(1, to_cell).replace("set srcintf \"any\"", "set srcintf \"OT\""),
            "port5 tcp 1.1.1.1 10.20.104.7 4840",
            Ask::Deny,
        ),
        // All but the cell: what is meant lies outside of what is named.
        (
            policy(1, &format!("{to_cell}\nset dstaddr-negate enable")),
            "tcp 1.1.1.1 9.9.9.9 4840",
            Ask::Unknown,
        ),
        (
            policy(1, &format!("{to_cell}\nset service-negate enable")),
            "udp 1.1.1.1 10.20.104.7 53",
            Ask::Unknown,
        ),
        (
            policy(1, &format!("{to_cell}\nset internet-service-src enable")),
            "tcp 1.1.1.1 10.20.104.7 4840",
            Ask::Unknown,
        ),
        (policy(1, &to_cell.replace("set dstaddr \"cell\"\n", "")), "tcp 1.1.1.1 2.2.2.2 4840", Ask::Unknown),
    ] {
        assert_eq!(verdict(&policies, packet), wanted, "{policies} | {packet}");
    }
}

#[test]
fn order_is_that_of_the_table_after_moves() {
    let accept =
        policy(1, "set srcaddr \"all\"\nset dstaddr \"all\"\nset service \"ALL\"\nset action accept");
    let deny = policy(2, "set srcaddr \"all\"\nset dstaddr \"cell\"\nset service \"ALL\"\nset action deny");
    let packet = "tcp 1.1.1.1 10.20.104.7 4840";
    assert_eq!(verdict(&format!("{accept}\n{deny}"), packet), Ask::Accept);
    assert_eq!(verdict(&format!("{accept}\n{deny}\nmove 2 before 1"), packet), Ask::Deny);
    assert_eq!(verdict(&format!("{deny}\n{accept}\nmove 2 after 1"), packet), Ask::Accept);
    assert_eq!(verdict(&format!("{deny}\n{accept}\ndelete 2"), packet), Ask::Accept);
}

#[test]
fn other_tables_that_decide_make_everything_doubtful() {
    let text = format!(
        "{OBJECTS}config firewall policy\n{}\nend\nconfig firewall DoS-policy\nedit 1\nset interface \"port1\"\nnext\nend\n",
        policy(1, "set srcaddr \"all\"\nset dstaddr \"all\"\nset service \"ALL\"\nset action accept")
    );
    let policies = read(&text).unwrap_or_else(|why| panic!("{why:?}"));
    let gates = [policies.gate("firewall policy")];
    assert_eq!(
        ask(Side { ruleset: &policies.ruleset, gates: &gates }, "tcp 1.1.1.1 2.2.2.2 1"),
        Ask::Unknown
    );
}

#[test]
fn virtual_domains_are_chains_of_their_own() {
    let text = "config vdom\nedit root\nconfig firewall policy\nedit 1\nset srcintf \"any\"\nset dstintf \"any\"\nset srcaddr \"all\"\nset dstaddr \"all\"\nset service \"ALL\"\nset schedule \"always\"\nset action accept\nnext\nend\nnext\nedit ot\nconfig firewall policy\nend\nend\n";
    let policies = read(text).unwrap_or_else(|why| panic!("{why:?}"));
    assert_eq!(policies.chains().collect::<Vec<_>>(), ["ot firewall policy", "root firewall policy"]);
}

#[test]
fn a_protocol_set_after_its_number_may_have_unset_it() {
    let service = |settings: &str| {
        let policy =
            policy(1, "set srcaddr \"all\"\nset dstaddr \"all\"\nset service \"x\"\nset action accept");
        let table = format!("config firewall service custom\nedit x\n{settings}\nnext\nend\n");
        let policies = read(&format!("{OBJECTS}{table}config firewall policy\n{policy}\nend\n")).unwrap();
        let gates = [policies.gate("firewall policy")];
        ask(Side { ruleset: &policies.ruleset, gates: &gates }, "tcp 1.1.1.1 2.2.2.2 80")
    };
    assert_eq!(service("set protocol IP\nset protocol-number 47"), Ask::Deny);
    assert_eq!(service("set protocol-number 47\nset protocol IP"), Ask::Unknown);
}

fn whole(text: &str, packet: &str) -> Ask {
    let policies = read(text).unwrap_or_else(|why| panic!("{why:?}"));
    let gates = [policies.gate("firewall policy")];
    ask(Side { ruleset: &policies.ruleset, gates: &gates }, packet)
}

/// Translation comes before policies, whether they accept or deny; what goes elsewhere is theirs.
#[test]
fn what_is_sent_to_a_virtual_address_no_policy_decides() {
    let vip = |outside: &str| {
        let policy =
            policy(1, "set srcaddr \"all\"\nset dstaddr \"all\"\nset service \"ALL\"\nset action accept");
        format!(
            "config firewall vip\nedit \"web\"\nset extip {outside}\nset mappedip \"10.20.104.9\"\nset extintf \"wan1\"\nnext\nend\nconfig firewall policy\n{policy}\nend\n"
        )
    };
    assert_eq!(whole(&vip("198.51.100.7"), "tcp 1.1.1.1 198.51.100.7 443"), Ask::Unknown);
    assert_eq!(whole(&vip("198.51.100.7"), "tcp 1.1.1.1 198.51.100.8 443"), Ask::Accept);
    assert_eq!(whole(&vip("198.51.100.7-198.51.100.9"), "tcp 1.1.1.1 198.51.100.8 443"), Ask::Unknown);
    assert_eq!(whole(&vip("0.0.0.0"), "tcp 1.1.1.1 198.51.100.8 443"), Ask::Unknown);
}

#[test]
fn policies_for_both_families_and_zones_of_sdwan() {
    let both = "config firewall consolidated policy\nedit 1\nset srcintf \"any\"\nset dstintf \"any\"\nset srcaddr4 \"all\"\nset dstaddr4 \"all\"\nset srcaddr6 \"all\"\nset dstaddr6 \"all\"\nset service \"HTTPS\"\nset schedule \"always\"\nset action accept\nnext\nend\n";
    assert_eq!(whole(both, "tcp 1.1.1.1 2.2.2.2 443"), Ask::Accept);
    assert_eq!(whole(both, "tcp 2001:db8::1 2001:db8::2 443"), Ask::Accept);
    assert_eq!(whole(both, "tcp 1.1.1.1 2.2.2.2 80"), Ask::Deny);
    let sdwan = "config system sdwan\nconfig zone\nedit \"underlay\"\nnext\nend\nend\n";
    let policies = "config firewall policy\nedit 1\nset srcintf \"underlay\"\nset dstintf \"any\"\nset srcaddr \"all\"\nset dstaddr \"all\"\nset service \"ALL\"\nset schedule \"always\"\nset action accept\nnext\nend\n";
    assert_eq!(whole(&format!("{sdwan}{policies}"), "tcp 1.1.1.1 2.2.2.2 80"), Ask::Unknown);
    let empty = "config firewall addrgrp\nedit \"none yet\"\nset comment \"x\"\nnext\nend\n";
    let policies = policies.replace("underlay", "any").replace("dstaddr \"all\"", "dstaddr \"none yet\"");
    assert_eq!(whole(&format!("{empty}{policies}"), "tcp 1.1.1.1 2.2.2.2 80"), Ask::Unknown);
}
