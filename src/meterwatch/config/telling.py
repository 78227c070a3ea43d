"""The sections about telling people: who and when, by which carrier, and how long it is kept."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, SecretStr, model_validator

from meterwatch.config.said import Said, wrong
from meterwatch.config.sections import Minutes, SecretFile, Section
from meterwatch.domain.digest import DailyRule
from meterwatch.domain.escalation import EscalationPolicy, Policies, Step
from meterwatch.domain.household import Role
from meterwatch.domain.notification import Channel

Hour = Annotated[float, Field(ge=0, le=24, allow_inf_nan=False)]
Listed = TypeVar("Listed", bound=tuple[object, ...] | None)


def _not_empty(listed: Listed) -> Listed:
    # A check of our own: the library's would also speak where every entry is wrong.
    if listed == ():
        raise wrong("不能为空", "must not be empty")
    return listed


class StepTable(Section):
    """一步 / One rung of the ladder."""

    roles: Annotated[
        tuple[Role, ...],
        AfterValidator(_not_empty),
        Said("通知哪些人", "who is told, by role"),
    ]
    wait_minutes: Annotated[Minutes, Said("等几分钟再到下一步", "minutes until the next step")]
    channel: Annotated[Channel, Said("怎样通知", "by which channel")] = Channel.SMS

    def step(self) -> Step:
        """Make the step of the domain."""
        return Step(self.roles, timedelta(minutes=self.wait_minutes), self.channel)


class Ladder(Section):
    """一类警情的通知办法 / What is different from the default for one kind of worry."""

    steps: Annotated[
        tuple[StepTable, ...] | None,
        AfterValidator(_not_empty),
        Said("各步,依次进行", "the steps, in order"),
    ] = None
    rounds: Annotated[
        int | None,
        Field(ge=1, le=100),
        Said("整套走几轮", "how often the steps are gone through"),
    ] = None
    exhausted_minutes: Annotated[
        Minutes | None,
        Said(
            "走完以后,最后一步每隔几分钟重复",
            "after that the last step repeats every so many minutes",
        ),
    ] = None
    acknowledged_minutes: Annotated[
        Minutes | None,
        Said(
            "收到后几分钟内要出发", "minutes in which an acknowledgement must have become a visit"
        ),
    ] = None
    visiting_minutes: Annotated[
        Minutes | None,
        Said("出发后几分钟内要有结果", "minutes in which a visit must have an outcome"),
    ] = None

    def over(self, policy: EscalationPolicy) -> EscalationPolicy:
        """Give the policy with what is written here in the place of its own."""
        waits = {
            name: timedelta(minutes=minutes)
            for name, minutes in (
                ("exhausted_wait", self.exhausted_minutes),
                ("acknowledged_wait", self.acknowledged_minutes),
                ("visiting_wait", self.visiting_minutes),
            )
            if minutes is not None
        }
        return replace(
            policy,
            steps=policy.steps if self.steps is None else tuple(s.step() for s in self.steps),
            rounds=policy.rounds if self.rounds is None else self.rounds,
            **waits,
        )


class Escalation(Section):
    """各类警情的通知办法 / Who is told when, by kind of worry."""

    bell: Annotated[Ladder, Said("按了平安钟", "a pressed bell")] = Ladder()
    bell_missed: Annotated[
        Ladder, Said("可能漏接的平安钟", "a press that may have been missed")
    ] = Ladder()
    no_use: Annotated[Ladder, Said("久未用水", "no water used")] = Ladder()
    low_use: Annotated[Ladder, Said("用水过少", "too little water used")] = Ladder()
    flat_flow: Annotated[Ladder, Said("水流不停", "water that never stops")] = Ladder()
    slow_leak: Annotated[Ladder, Said("慢漏", "a slow leak")] = Ladder()
    area_quiet: Annotated[
        Ladder, Said("一片住户同时没有用水", "homes of one group without water together")
    ] = Ladder()
    area_wild: Annotated[
        Ladder, Said("一片住户同时大量用水", "homes of one group that draw water together")
    ] = Ladder()
    upkeep: Annotated[
        Ladder, Said("水表失联、电池等维护事项", "silent meters, batteries and other upkeep")
    ] = Ladder()

    def policies(self) -> Policies:
        """Make the policies of the domain: the default ones with these changes."""
        default = Policies()
        return Policies(
            {kind: getattr(self, kind).over(policy) for kind, policy in default.by_kind.items()},
            self.upkeep.over(default.otherwise),
        )


class Twilio(Section):
    """Twilio 短信 / SMS by Twilio."""

    account_sid: Annotated[str, Said("账户号 AC...", "account SID, which begins with AC")] = ""
    auth_token: Annotated[SecretStr, Said("密钥", "auth token")] = SecretStr("")
    auth_token_file: Annotated[
        SecretFile,
        Said("只含密钥的文件,代替 auth_token", "a file with the token alone, instead of it"),
    ] = ""
    sender: Annotated[
        str, Said("发送号码,如 +14155550100", "the number to send from, such as +14155550100")
    ] = ""
    messaging_service_sid: Annotated[
        str,
        Said("或消息服务号 MG...", "or a messaging service SID, which begins with MG"),
    ] = ""
    base_url: Annotated[
        str,
        Said(
            "替代运营商地址,只用于测试",
            "another address in the carrier's place, for tests only",
        ),
    ] = ""

    @property
    def token(self) -> str:
        """The token itself."""
        return self.auth_token.get_secret_value()


class Sms(Section):
    """短信 / Text messages."""

    provider: Annotated[
        Literal["console", "twilio"],
        Said(
            "console 只在网页上显示,不真的发;twilio 真的发",
            "console shows messages and sends none; twilio sends them",
        ),
    ] = "console"
    signature: Annotated[
        str,
        Field(max_length=20),
        Said("短信签名,写在【】里", "the sender's name in a message"),
    ] = ""
    twilio: Twilio = Twilio()

    @model_validator(mode="after")
    def _can_send(self) -> Self:
        if self.provider != "twilio":
            return self
        chosen = self.twilio
        if not (chosen.account_sid and chosen.token):
            raise wrong(
                "provider = twilio 时 [sms.twilio] 要有 account_sid 和 auth_token",
                "provider = twilio needs account_sid and auth_token in [sms.twilio]",
            )
        if bool(chosen.sender) == bool(chosen.messaging_service_sid):
            raise wrong(
                "[sms.twilio] 的 sender 和 messaging_service_sid 要写其中一个",
                "[sms.twilio] needs one of sender and messaging_service_sid",
            )
        return self


class Daily(Section):
    """每日报用水、每月报空置 / Daily word of first uses, monthly word of empty homes."""

    day_begins_hour: Annotated[
        Hour,
        Said(
            "一天从几点算起;更早的用水算夜里起身",
            "when a day begins: use before this hour belongs to the night",
        ),
    ] = 4.0
    not_before_hour: Annotated[
        Hour,
        Said(
            "几点以后才发;写 9 就是每天 9 点统一发",
            "no message before this hour; with 9 they all go out at nine",
        ),
    ] = 7.0
    not_after_hour: Annotated[
        Hour, Said("几点以后不再发,当天作罢", "none after it: that day is let go")
    ] = 21.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        try:
            self.rule()
        except ValueError:
            raise wrong(
                "要依次增大:day_begins_hour、not_before_hour、not_after_hour",
                "must be in ascending order: day_begins_hour, not_before_hour, not_after_hour",
            ) from None
        return self

    def rule(self) -> DailyRule:
        """Make the rule of the domain."""
        return DailyRule(self.day_begins_hour, self.not_before_hour, self.not_after_hour)


class Retention(Section):
    """保留多久 / How long things are kept."""

    readings_days: Annotated[
        int, Field(ge=35, le=3_660), Said("原始读数保留几天", "raw readings, in days")
    ] = 90
    rollup_days: Annotated[
        int, Field(ge=35, le=3_660), Said("每日汇总保留几天", "day roll-ups, in days")
    ] = 396
    refused_each: Annotated[
        int,
        Field(ge=10, le=100_000),
        Said("每种拒收原因保留几条", "refused payloads, so many of the newest for each reason"),
    ] = 1_000
    hooks_days: Annotated[
        int,
        Field(ge=1, le=366),
        Said("运营商回调原文保留几天", "what carriers posted to us, in days"),
    ] = 30
