//! What ports say of services: of those whose first bytes say nothing, and of those whose
//! rules tell ports apart.

/// The service to assume of a server's port until bytes tell another.
pub fn service_of_port(port: u16) -> Option<&'static str> {
    match port {
        53 => Some("dns"),
        111 => Some("sunrpc"),
        _ => None,
    }
}

/// The ports of each service that flows of UDP may have. SIP is it on any.
fn assigned(service: &str) -> Option<&'static [u16]> {
    Some(match service {
        "sip" => &[],
        "dns" => &[53],
        "sunrpc" => &[111],
        "snmp" => &[161, 162],
        "ssdp" => &[1900],
        "dhcp" => &[67, 68],
        "netbios-ns" => &[137],
        "netbios-dgm" => &[138],
        "kerberos" => &[88],
        "ldap" => &[389],
        "tftp" => &[69],
        "dcerpc" => &[135],
        _ => return None,
    })
}

/// Whether a port is one that the service was assigned.
///
/// Datagrams to it that look like the service's are it at once. Elsewhere they may look so by
/// chance: there the other end has to answer first, as in Snort.
pub fn is_assigned(service: &str, port: u16) -> bool {
    assigned(service).is_some_and(|ports| ports.is_empty() || ports.contains(&port))
}

/// Whether rules for the service are tried by their ports all the same, because it has
/// several and rules mean one of them: a request of SNMP is not a trap, what a DHCP client
/// sends is not what its server answers.
pub fn tell_apart(service: &str, port: u16) -> bool {
    matches!(service, "snmp" | "dhcp") && is_assigned(service, port)
}

/// Whether flows of UDP may be of this service.
pub fn is_over_udp(service: &str) -> bool {
    assigned(service).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_name_a_service_or_tell_its_rules_apart() {
        for (port, service) in [(53, Some("dns")), (111, Some("sunrpc")), (161, None)] {
            assert_eq!(service_of_port(port), service, "{port}");
        }
        for (service, port, assigned, apart) in [
            ("snmp", 161, true, true),
            ("snmp", 162, true, true),
            ("snmp", 7161, false, false),
            ("dhcp", 68, true, true),
            ("tftp", 69, true, false),
            ("tftp", 161, false, false),
            ("sip", 9, true, false),
            ("http", 80, false, false),
        ] {
            assert_eq!(is_assigned(service, port), assigned, "{service} {port}");
            assert_eq!(tell_apart(service, port), apart, "{service} {port}");
        }
    }
}
