"""What the figures depend on besides the programs."""
import os
import platform
import re
import subprocess


def facts(tools, scratch):
    """Lines about this machine, the disk of the data directories among them."""
    with open("/proc/cpuinfo") as file:
        model = re.search(r"model name\s*:\s*(.*)", file.read())
    with open("/proc/meminfo") as file:
        memory = int(re.search(r"MemTotal:\s+(\d+)", file.read())[1]) >> 20
    disk = tools.run("fsyncbench", scratch, 500)
    filesystem = subprocess.run(["stat", "-f", "-c", "%T", scratch], stdout=subprocess.PIPE, text=True).stdout.strip()
    yield f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), {memory} GiB, Linux {platform.release()}"
    yield (f"disk ({filesystem}): 4 KiB appended with fdatasync {disk['commits_per_s']:,.0f} a second, "
           f"p50 {disk['commit_p50_us']:.0f} µs, p99 {disk['commit_p99_us']:.0f} µs")
    yield f"load when it began: {os.getloadavg()[0]:.2f}"


def commit(root):
    """Which version was measured."""
    result = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return result.stdout.strip() or "unknown"
