"""A script as the publisher's agent skills have them runs unmodified, with its downloads, and sees failures."""

import sys
from pathlib import Path

from tests.programs import execute

SCRIPT = Path(__file__).with_name("nanophoto_skill.py")


def test_a_script_of_an_agent_skill_gets_its_results() -> None:
    run = execute(sys.executable, str(SCRIPT), "0.05", flags=("--clock", "3600x", "--report"))
    assert run.returncode == 0, run.stderr.decode()
    videos, images = "https://video.nanophoto.ai", "https://static.nanophoto.ai/generations"
    assert run.stdout.decode().splitlines() == [
        f"sora-2 {videos}/sora video/mp4 True",
        f"nano-banana-pro {images} image/jpeg True",
        f"nano-banana-2 {images} image/jpeg True",
        f"veo-3 {videos}/veo video/mp4 True ['completed', 'completed']",
        "prompt True",
        f"watermark {videos}/sora/watermark-remover video/mp4 True",
    ]
    report = run.stderr.decode()
    assert "nanophoto.sora_2_generate" in report
    assert "refused" not in report


def test_a_script_of_an_agent_skill_sees_that_its_job_failed() -> None:
    flags = ("--clock", "3600x", "--scenario", "nanophoto-jobs-fail")
    run = execute(sys.executable, str(SCRIPT), "0.05", flags=flags)
    assert run.returncode == 1
    assert "Generation failed: {'success': False, 'status': 'failed'" in run.stderr.decode()
