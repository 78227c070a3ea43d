"""The columns of an import file: their names in both languages, and how each cell is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from meterwatch.detectors.budgets import LEAST, MOST
from meterwatch.domain.household import Level, Role
from meterwatch.gateways.checks import MAX_WORD_CHARACTERS
from meterwatch.pipeline.import_homes import cells
from meterwatch.pipeline.import_homes.cells import Read

NAME, LABEL, LONG_NUMBER = 64, 100, 40


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    name : str
        Its name in English, and in the answers.
    zh : str
        Its name in Chinese.
    synonyms : tuple of str
        What else it may be called.
    read : callable
        Turns a cell that is not empty into a value, or raises `Unfit`.
    limit : int
        The most characters of a cell.
    said : tuple of str
        What it is for, in Chinese and in English.
    """

    name: str
    zh: str
    said: tuple[str, str]
    read: Read = cells.text
    limit: int = NAME
    synonyms: tuple[str, ...] = ()

    @property
    def free(self) -> bool:
        """Whether a cell may hold any text, so that a formula could hide in it."""
        return self.read in {cells.text, cells.code, cells.address, cells.words}


def _contact(role: str, zh: str, attached: tuple[str, str], *synonyms: str) -> tuple[Column, ...]:
    named = (f"{attached[0]},姓名", f"{attached[1]}: name")
    numbered = (f"{attached[0]},电话", f"{attached[1]}: telephone")
    return (
        Column(role, zh, named, synonyms=(f"{zh}姓名", *synonyms)),
        Column(
            f"{role}_phone",
            f"{zh}电话",
            numbered,
            cells.phone,
            LONG_NUMBER,
            (f"{zh}手机", f"{zh}联系电话", *(f"{word}电话" for word in synonyms)),
        ),
    )


COLUMNS: tuple[Column, ...] = (
    Column("area_district", "区", ("区", "district"), synonyms=("区县", "县", "县区", "所属区")),
    Column(
        "area_street",
        "街道",
        ("街道或镇", "street or town"),
        synonyms=("镇", "镇街", "街镇", "所属街道"),
    ),
    Column(
        "area_community",
        "社区",
        ("社区或村", "community or village"),
        synonyms=("村", "居委会", "村居", "所属社区"),
    ),
    Column("area_grid", "网格", ("网格", "grid"), synonyms=("网格号", "所属网格")),
    Column(
        "household",
        "户号",
        ("本单位给每户的编号,必填", "the office's own number of the home; obligatory"),
        cells.code,
        limit=LONG_NUMBER,
        synonyms=("住户号", "户编号", "住户编号"),
    ),
    Column(
        "label",
        "地址",
        ("在哪里,不写姓名", "where it is, without a name"),
        limit=LABEL,
        synonyms=("门牌", "住址", "房号"),
    ),
    Column(
        "building",
        "楼栋",
        (
            "哪一栋楼;同一片区里写法要一致,一起停水算一件事",
            "its building; homes of one, in one area, without water together are one worry",
        ),
        synonyms=("楼号", "楼幢", "楼宇"),
    ),
    Column(
        "zone",
        "供水分区",
        (
            "哪个供水分区或泵房;一起停水算一件事",
            "its pressure zone or pump; homes of one without water together are one worry",
        ),
        synonyms=("压力分区", "泵房"),
    ),
    Column(
        "grade",
        "等级",
        ("关爱等级:红、黄、绿", "care grade: red, yellow, green"),
        cells.grade,
        synonyms=("关爱等级", "风险等级"),
    ),
    Column(
        "alarms_per_year",
        "每年误报",
        (
            "这一户每年可以误报几次;空为按等级",
            "how many false alarms a year it may cost; empty: as its grade",
        ),
        cells.between(LEAST, MOST),
        synonyms=("每年误报次数", "误报次数"),
    ),
    Column(
        "persons",
        "人数",
        ("几人同住;写 1 就是独居", "how many live there; 1 means alone"),
        cells.whole(1, 50),
        synonyms=("常住人数", "同住人数"),
    ),
    Column(
        "resident",
        "姓名",
        ("住户姓名", "name of a resident"),
        synonyms=("住户", "住户姓名", "老人姓名"),
    ),
    Column(
        "birth_year", "出生年", ("四位数", "four digits"), cells.birth_year, synonyms=("出生年份",)
    ),
    Column("lives_alone", "独居", ("是或否", "yes or no"), cells.boolean, synonyms=("是否独居",)),
    Column(
        "vacant",
        "空置",
        (
            "是否无人居住;是:不用水不预警",
            "yes: nobody lives there, and staying dry is no worry; no: it is watched",
        ),
        cells.boolean,
        synonyms=("是否空置", "空户", "无人居住"),
    ),
    Column("disabled", "残疾", ("是或否", "yes or no"), cells.boolean, synonyms=("是否残疾",)),
    Column(
        "consent_by",
        "同意人",
        ("谁同意使用数据", "who agreed that the data is used"),
        synonyms=("签字人",),
    ),
    Column(
        "consent_at",
        "同意日期",
        ("哪天同意,如 2026-03-01", "on which day, such as 2026-03-01"),
        cells.date,
        synonyms=("签字日期", "同意时间"),
    ),
    Column(
        "consent_how",
        "同意方式",
        ("怎样同意:书面、电话……", "how: in writing, by telephone, ..."),
        limit=LABEL,
    ),
    Column(
        "meter",
        "水表号",
        ("水表发数据用的地址", "the address under which the meter speaks"),
        cells.address,
        MAX_WORD_CHARACTERS,
        ("水表", "表号", "水表编号"),
    ),
    Column(
        "meter_gateway",
        "网关",
        ("协议;空为自动", "its protocol; empty: found by itself"),
        cells.gateway,
        synonyms=("水表网关", "协议"),
    ),
    Column(
        "resolution_litres",
        "分辨率升",
        ("水表最小一格几升,默认 1", "smallest step of the register in litres, default 1"),
        cells.decimal(1_000),
        synonyms=("分辨率", "最小刻度"),
    ),
    Column(
        "interval_minutes",
        "上报间隔分钟",
        ("多久报一次,默认 60", "how often it reports, default 60"),
        cells.whole(1, 10_080),
        synonyms=("上报间隔", "间隔分钟"),
    ),
    Column(
        "hub",
        "集中器",
        (
            "哪个集中器或基站;一起失联算一个故障",
            "its concentrator; homes of one fall silent together",
        ),
        cells.code,
        synonyms=("集中器号", "基站"),
    ),
    Column(
        "field", "字段", ("读数在报文里的名称", "where its payload has the register"), limit=LABEL
    ),
    Column("unit", "单位", ("L 或 m3,默认 L", "L or m3, default L"), cells.unit),
    Column(
        "factor",
        "倍率",
        ("脉冲表每个脉冲多少,默认 1", "volume of one pulse, default 1"),
        cells.decimal(1_000_000),
        synonyms=("系数",),
    ),
    Column(
        "button",
        "按钮号",
        ("平安钟的地址", "the address of the panic button"),
        cells.address,
        MAX_WORD_CHARACTERS,
        ("按钮", "平安钟", "平安钟号"),
    ),
    Column(
        "button_field",
        "按钮字段",
        ("按钮报文里的字段,如 action", "where its payload has the word, such as action"),
        limit=LABEL,
    ),
    Column(
        "button_words",
        "按钮词",
        ("哪些词算按下,用 / 分开,如 single/hold", "which words are a press: single/hold"),
        cells.words,
        LABEL,
    ),
    *_contact("guardian", "监护人", ("监护人", "guardian"), "家属", "联系人"),
    *_contact(
        "community_contact", "社区联系人", ("社区联系人", "contact of the community"), "社区干部"
    ),
    *_contact("neighbour", "邻居", ("邻居", "neighbour")),
    *_contact("volunteer", "志愿者", ("志愿者", "volunteer")),
    *_contact("street_duty", "街道值班", ("街道值班", "duty officer of the street"), "街道值班员"),
    *_contact(
        "district_duty",
        "区值班",
        ("区值班", "duty officer of the district"),
        "区级值班",
        "区值班员",
    ),
    Column(
        "daily_word",
        "每日短信",
        (
            "监护人要不要每天收到“今天已用水”:是或否",
            "whether the guardian wants a message each day that water was used: yes or no",
        ),
        cells.boolean,
        synonyms=("每日报平安",),
    ),
    Column(
        "language",
        "语言",
        (
            "给监护人、邻居、志愿者的短信用 zh 或 en",
            "language of messages to those of the home: zh or en",
        ),
        cells.language,
    ),
)
AREAS: Mapping[Level, str] = MappingProxyType({level: f"area_{level}" for level in Level})
# Whom a home has for itself, and whom it shares with its area.
OF_THE_HOME: Mapping[str, Role] = MappingProxyType(
    {
        "guardian": Role.GUARDIAN,
        "neighbour": Role.NEIGHBOUR,
        "volunteer": Role.VOLUNTEER,
    }
)
OF_AN_AREA: Mapping[str, tuple[Role, Level]] = MappingProxyType(
    {
        "community_contact": (Role.COMMUNITY, Level.COMMUNITY),
        "street_duty": (Role.STREET_DUTY, Level.STREET),
        "district_duty": (Role.DISTRICT_DUTY, Level.DISTRICT),
    }
)
