"""Central systems that misbehave, as data: a TOML file each, which `csms.persona` reads."""
