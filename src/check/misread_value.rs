//! `misread-value`: a Mosquitto option that does not exist, or a value that Mosquitto reads as something else.

use super::scene::{Rendered, Scene};
use super::{Check, Rule};
use crate::finding::{Finding, Level};

pub(super) const RULE: Rule = Rule {
    name: "misread-value",
    level: Level::Error,
    soft: true,
    what: "A Mosquitto option that does not exist, or a value that Mosquitto reads as something else.",
    why: "It reads `1883O` as 1883 and a mistyped boolean as false, starts, and says nothing.",
    instead: "Correct the template or the value.",
    see: "mosquitto.conf(5), Mosquitto 2.0",
    check: Check::File(check),
};

/// Options with a whole number, which may be negative.
const NUMBERS: &[&str] = &[
    "autosave_interval",
    "keepalive_interval",
    "max_connections",
    "max_inflight_bytes",
    "max_inflight_messages",
    "max_keepalive",
    "max_packet_size",
    "max_queued_bytes",
    "max_queued_messages",
    "max_qos",
    "max_topic_alias",
    "memory_limit",
    "message_size_limit",
    "sys_interval",
    "idle_timeout",
    "threshold",
    "port",
    "bridge_max_packet_size",
    "bridge_max_topic_alias",
    "bridge_receive_maximum",
    "websockets_headers_size",
    "packet_buffer_size",
    "retain_expiry_interval",
    "upgrade_outgoing_qos_limit",
    "maximum_qos",
    "accept_protocol_version_count",
];
/// Options that are true or false.
const FLAGS: &[&str] = &[
    "allow_anonymous",
    "allow_duplicate_messages",
    "allow_zero_length_clientid",
    "autosave_on_changes",
    "bridge_attempt_unsubscribe",
    "bridge_bind_address_required",
    "bridge_insecure",
    "bridge_outgoing_retain",
    "bridge_require_ocsp",
    "check_retain_source",
    "cleansession",
    "local_cleansession",
    "connection_messages",
    "enable_control_api",
    "log_timestamp",
    "notifications",
    "notifications_local_only",
    "per_listener_settings",
    "persistence",
    "queue_qos0_messages",
    "require_certificate",
    "retain_available",
    "round_robin",
    "set_tcp_nodelay",
    "try_private",
    "upgrade_outgoing_qos",
    "use_identity_as_username",
    "use_subject_as_username",
    "use_username_as_clientid",
    "global_max_clients_enabled",
    "bridge_tls_use_os_certs",
    "disable_client_cert_date_checks",
    "proxy_protocol_v2_require_tls",
];
/// Options with any text.
const TEXTS: &[&str] = &[
    "accept_protocol_versions",
    "acl_file",
    "address",
    "addresses",
    "auth_opt_",
    "auth_plugin",
    "bind_address",
    "bind_interface",
    "bridge_alpn",
    "bridge_bind_address",
    "bridge_cafile",
    "bridge_capath",
    "bridge_certfile",
    "bridge_ciphers",
    "bridge_identity",
    "bridge_keyfile",
    "bridge_protocol_version",
    "bridge_psk",
    "bridge_session_expiry_interval",
    "bridge_tcp_keepalive",
    "bridge_tcp_user_timeout",
    "bridge_tls_version",
    "bridge_reload_type",
    "cafile",
    "capath",
    "certfile",
    "ciphers",
    "ciphers_tls1.3",
    "clientid",
    "clientid_prefixes",
    "auto_id_prefix",
    "connection",
    "crlfile",
    "dhparamfile",
    "http_dir",
    "include_dir",
    "keyfile",
    "listener",
    "local_clientid",
    "local_password",
    "local_username",
    "log_dest",
    "log_facility",
    "log_timestamp_format",
    "log_type",
    "mount_point",
    "notification_topic",
    "password",
    "password_file",
    "persistence_file",
    "persistence_location",
    "persistent_client_expiration",
    "pid_file",
    "plugin",
    "plugin_load",
    "plugin_use",
    "plugin_opt_",
    "protocol",
    "psk_file",
    "psk_hint",
    "remote_clientid",
    "remote_password",
    "remote_username",
    "restart_timeout",
    "socket_domain",
    "start_type",
    "tls_engine",
    "tls_engine_kpass_sha1",
    "tls_keyform",
    "tls_version",
    "topic",
    "try_private",
    "user",
    "username",
    "websockets_log_level",
    "websockets_origin",
    "http_api_dir",
];

fn check(_: &Scene<'_>, file: &Rendered<'_>, found: &mut Vec<Finding>) {
    if !file.product.contains("mosquitto") || !is_configuration(&file.file.path) {
        return;
    }
    let mut at = 0;
    for line in file.file.text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if let Some(message) = problem(name, value.trim()) {
            found.push(file.owned(RULE.found(message).at(file.line_at(start))));
        }
    }
}

/// Whether a file is the configuration itself; an access list has another grammar.
fn is_configuration(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|extension| extension == "conf")
}

fn problem(name: &str, value: &str) -> Option<String> {
    let is_number = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    if FLAGS.contains(&name) {
        let bad = !matches!(value, "true" | "false");
        return bad.then(|| {
            format!("`{name} {value}`: Mosquitto wants true or false and takes anything else for false")
        });
    }
    if NUMBERS.contains(&name) {
        return (!is_number(value))
            .then(|| format!("`{name} {value}`: Mosquitto reads the digits in front and drops the rest"));
    }
    if name == "listener" {
        let port = value.split_whitespace().next().unwrap_or_default();
        let good = is_number(port) && port.parse::<u16>().is_ok();
        return (!good)
            .then(|| format!("`listener {value}`: Mosquitto reads the digits in front and drops the rest"));
    }
    if matches!(name, "address" | "addresses") {
        for part in value.split_whitespace() {
            let port = part.rsplit_once(':').filter(|(host, _)| !host.contains(':')).map(|(_, port)| port);
            if port.is_some_and(|port| !is_number(port) || port.parse::<u16>().is_err()) {
                return Some(format!(
                    "`{name} {value}`: `{part}` has no port that Mosquitto reads as written"
                ));
            }
        }
    }
    let known = TEXTS.iter().any(|known| name == *known || (known.ends_with('_') && name.starts_with(known)));
    if !known {
        return Some(format!("Mosquitto has no option `{name}`"));
    }
    value.is_empty().then(|| format!("`{name}` has no value"))
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn what_mosquitto_misreads_is_found() {
        for (name, value) in [
            ("listener", "1883O"),
            ("persistence", "yes"),
            ("max_qos", "two"),
            ("listner", "1883"),
            ("address", "10.0.0.1:88x3"),
        ] {
            assert!(problem(name, value).is_some(), "{name} {value}");
        }
        for (name, value) in [
            ("listener", "8883 10.0.0.1"),
            ("persistence", "true"),
            ("max_connections", "-1"),
            ("address", "10.0.0.1:8883"),
        ] {
            assert_eq!(problem(name, value), None, "{name} {value}");
        }
    }
}
