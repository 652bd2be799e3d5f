# What tests and demo run on: PostgreSQL, engine, host. Sourced after common.sh and node.sh.
# shellcheck shell=bash

# vn_setup GROUP…: makes sure of all that the named groups of tests need ("demo" counts as e2e).
vn_setup() {
  local env
  case " $* " in *" unit "* | *" sql "* | *" runner "* | *" e2e "* | *" soak "*)
    scripts/lib/postgres.sh >/dev/null ;;
  esac
  # The stand-ins' tests have a real sshd of their own.
  case " $* " in *" unit "*) need_packages openssh-server openssh-client ;; esac
  case " $* " in *" sql "* | *" runner "* | *" e2e "*)
    need_packages python3-venv ;;
  esac
  case " $* " in *" soak "*) need_packages python3-venv gcc libc6-dev ;; esac
  case " $* " in *" sql "* | *" runner "*) need_packages pgbouncer ;; esac
  case " $* " in *" sql "*) need_packages "postgresql-$(. scripts/lib/postgres.sh && postgres_version)-plpgsql-check" ;; esac
  case " $* " in *" e2e "*)
    need_packages debootstrap openssh-client iproute2
    env="$(scripts/engine)"
    eval "$env"
    scripts/host base >/dev/null ;;
  esac
  case " $* " in *" fresh "*) need_packages debootstrap ;; esac
}
