"""The stations that come with the program, a TOML file each; `charge_point.persona` reads them."""
